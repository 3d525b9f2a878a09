/// @file
/// The report as Gradescope's results.json.
#include <tests/grader/reports.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <tests/grader/details_report.h>
#include <tests/grader/printable_report.h>

namespace grader {

namespace {

using Json = nlohmann::ordered_json;

/// Without a score when any test could not be carried out: Gradescope must not record a number then.
Json json_of(const Report& report, const TestResult& test) {
    Json json;
    if (!report.has_infrastructure_error()) json["score"] = test.earned();
    json["max_score"] = test.info.points;
    if (test.verdict != Verdict::kInfrastructure)
        json["status"] = test.verdict == Verdict::kPass ? "passed" : "failed";
    json["name"] = one_line(fmt::format("{}: {}", test.info.section, test.info.title));
    json["output"] = plain_details(report, test);
    json["extra_data"] = {{"test", one_line(test.info.name)}, {"verdict", name_of(test.verdict)}};
    return json;
}

std::string summary_of(const Report& report) {
    std::string text = one_line(chapter(report)) + "\n";
    if (const std::string warning = caveat(report); !warning.empty()) text += warning + "\n";
    if (report.has_infrastructure_error())
        text += "So there is no score. Staff: the output of this run says what went wrong; rerun it.\n";
    else
        text += fmt::format("{} of {} points.\n", report.earned(), report.maximum());
    return text;
}

}  // namespace

std::string to_gradescope(const Report& report) {
    Json tests = Json::array();
    if (!report.build_error.empty())
        tests.push_back({{"score", 0},
                         {"max_score", 0},
                         {"status", "failed"},
                         {"name", "The submission builds"},
                         {"output", quoted_text(report.build_error, "| ")}});
    for (const TestResult& test : report.tests) tests.push_back(json_of(report, test));
    Json json;
    if (!report.has_infrastructure_error()) json["score"] = report.earned();
    json["execution_time"] = report.seconds;
    json["output"] = summary_of(report);
    // Never as HTML or Markdown: parts of it come from the submission.
    json["output_format"] = "text";
    json["test_output_format"] = "text";
    json["test_name_format"] = "text";
    json["tests"] = tests;
    return json.dump(2) + "\n";
}

}  // namespace grader
