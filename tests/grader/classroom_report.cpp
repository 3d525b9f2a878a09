/// @file
/// The report in the form of GitHub Classroom's runners, which its reporter reads.
#include <tests/grader/reports.h>

#include <nlohmann/json.hpp>

#include <tests/grader/details_report.h>
#include <tests/grader/printable_report.h>
#include <tests/grader/shortened.h>

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

// The form reaches the reporter in base64 as an environment variable, which Linux limits to 128 KiB.
constexpr size_t kLongestForm = 90'000;

/// What a submission has a part in is shortened before it is marked, so that each line keeps its mark.
std::string quoted(const std::string& text, size_t limit) {
    return quoted_text(shortened(text, limit), "| ") + "\n";
}

/// The reporter shows of a failed test nothing but its name and this.
std::string shown_text(const Report& report, const TestResult& test, size_t limit) {
    std::string text;
    for (const Detail& detail : findings_of(report, test))
        text += (detail.label.empty() ? "" : detail.label + ": ") +
                (detail.block ? "\n" + quoted(detail.text, limit) : one_line(detail.text) + "\n");
    if (!test.evidence.command.empty()) text += "To run this again:\n" + quoted(test.evidence.command, limit);
    return text;
}

Json entry(const std::string& name, const char* status, int score, const std::string& message,
           const std::string& shown, double seconds) {
    return {
        {"name", name},       {"status", status},
        {"score", score},     {"message", message},
        {"test_code", shown}, {"filename", ""},
        {"line_no", 0},       {"duration", static_cast<long long>(seconds * 1000)},
    };
}

/// The form with what comes from the submission shortened to `limit` bytes a text.
std::string form_of(const Report& report, size_t limit) {
    Json tests = Json::array();
    if (!report.build_error.empty()) {
        const std::string errors = quoted(report.build_error, limit);
        tests.push_back(entry("The submission builds", "fail", 0, errors, errors, 0));
    }
    for (const TestResult& test : report.tests)
        tests.push_back(entry(one_line(test.info.section + " " + test.info.title), status_of(test.verdict),
                              test.earned(), test.message.empty() ? "" : quoted(test.message, limit),
                              shown_text(report, test, limit), test.seconds));
    const Json json = {
        {"version", 1},
        {"status", status_of(report)},
        // Without a maximum the reporter reports no points, and those that there were stay.
        {"max_score", report.has_infrastructure_error() ? 0 : report.maximum()},
        {"tests", tests},
    };
    return json.dump(2) + "\n";
}

}  // namespace

std::string to_classroom(const Report& report) {
    std::string form;
    for (const size_t limit : {8000, 1000, 400, 100}) {
        form = form_of(report, limit);
        if (form.size() <= kLongestForm) break;
    }
    return form;
}

}  // namespace grader
