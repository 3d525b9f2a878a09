/// @file
/// The report in the form of GitHub Classroom's runners, which its reporter reads.
#include <tests/grader/reports.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <tests/grader/details_report.h>
#include <tests/grader/printable_report.h>

namespace grader {

namespace {

using Json = nlohmann::ordered_json;

const char* status_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kPass:
            return "pass";
        case Verdict::kInfrastructure:
            return "error";
        default:
            return "fail";
    }
}

const char* status_of(const Report& report) {
    if (report.has_infrastructure_error()) return "error";
    return report.complete() && report.build_error.empty() ? "pass" : "fail";
}

/// The reporter shows of a failed test nothing but its name and this.
std::string shown_text(const Report& report, const TestResult& test) {
    std::string text;
    for (const Detail& detail : findings_of(report, test))
        text += (detail.label.empty() ? "" : detail.label + ": ") +
                (detail.block ? "\n" + quoted_text(detail.text, "| ") : one_line(detail.text)) + "\n";
    if (!test.evidence.command.empty())
        text += "To run this again:\n" + quoted_text(test.evidence.command, "| ") + "\n";
    return text;
}

Json json_of(const Report& report, const TestResult& test) {
    return {
        {"name", one_line(fmt::format("{} {}", test.info.section, test.info.title))},
        {"status", status_of(test.verdict)},
        {"score", test.earned()},
        {"message", plain_details(report, test)},
        {"test_code", shown_text(report, test)},
        {"filename", one_line(report.handout)},
        {"line_no", 0},
        {"duration", static_cast<long long>(test.seconds * 1000)},
    };
}

}  // namespace

std::string to_classroom(const Report& report) {
    Json tests = Json::array();
    if (!report.build_error.empty()) {
        const std::string errors = quoted_text(report.build_error, "| ");
        tests.push_back({{"name", "The submission builds"},
                         {"status", "fail"},
                         {"score", 0},
                         {"message", errors},
                         {"test_code", errors},
                         {"filename", ""},
                         {"line_no", 0},
                         {"duration", 0}});
    }
    for (const TestResult& test : report.tests) tests.push_back(json_of(report, test));
    const Json json = {
        {"version", 1},
        {"status", status_of(report)},
        // Without a maximum the reporter reports no points, and those that there were stay.
        {"max_score", report.has_infrastructure_error() ? 0 : report.maximum()},
        {"tests", tests},
    };
    return json.dump(2) + "\n";
}

}  // namespace grader
