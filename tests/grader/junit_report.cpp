/// @file
/// The report as JUnit's XML, which most systems for continuous integration read.
#include <tests/grader/reports.h>

#include <fmt/format.h>

#include <algorithm>

#include <tests/grader/details_report.h>
#include <tests/grader/printable_report.h>

namespace grader {

namespace {

std::string attribute(const char* name, const std::string& value) {
    return fmt::format(" {}=\"{}\"", name, escaped_text(one_line(value)));
}

const char* element_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kFail:
            return "failure";
        case Verdict::kNotReached:
            return "skipped";
        default:
            return "error";
    }
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

/// What `<failure>`, `<skipped>` or `<error>` says in a word.
std::string summary_of(const Report& report, const TestResult& test) {
    if (test.verdict != Verdict::kNotReached) return first_line(test.message);
    return report.build_error.empty() ? "waits for " + waits_for(report, test) : caveat(report);
}

std::string test_case(const Report& report, const TestResult& test) {
    const size_t dot = test.info.name.find('.');
    const std::string suite = test.info.name.substr(0, dot);
    const std::string name = dot == std::string::npos ? suite : test.info.name.substr(dot + 1);
    std::string text = fmt::format("    <testcase{}{} time=\"{:.3f}\">\n", attribute("classname", suite),
                                   attribute("name", name), test.seconds);
    text += fmt::format(
        "      <properties>\n        <property name=\"title\"{}/>\n        <property name=\"section\"{}/>\n"
        "        <property name=\"points\" value=\"{}\"/>\n        <property name=\"earned\" value=\"{}\"/>\n"
        "      </properties>\n",
        attribute("value", test.info.title), attribute("value", test.info.section), test.info.points,
        test.earned());
    if (test.verdict != Verdict::kPass)
        text += fmt::format("      <{0}{1}>{2}</{0}>\n", element_of(test.verdict),
                            attribute("message", summary_of(report, test)),
                            escaped_text(plain_details(report, test)));
    if (!test.evidence.serial.empty())
        text += fmt::format("      <system-out>{}</system-out>\n", escaped_text(test.evidence.serial));
    return text + "    </testcase>\n";
}

/// The compiler's verdict is a test of its own here: without it there would be no failure at all.
std::string build_case(const Report& report) {
    if (report.build_error.empty()) return "";
    return fmt::format(
        "    <testcase classname=\"Submission\" name=\"Builds\" time=\"0\">\n"
        "      <failure{}>{}</failure>\n    </testcase>\n",
        attribute("message", caveat(report)), escaped_text(report.build_error));
}

}  // namespace

std::string to_junit(const Report& report) {
    const auto count = [&](Verdict verdict) {
        return std::count_if(report.tests.begin(), report.tests.end(),
                             [&](const TestResult& test) { return test.verdict == verdict; });
    };
    const bool unbuilt = !report.build_error.empty();
    const std::string counts =
        fmt::format(" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"",
                    report.tests.size() + unbuilt, count(Verdict::kFail) + unbuilt,
                    count(Verdict::kInfrastructure), count(Verdict::kNotReached), report.seconds);
    std::string text = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"Trapline\"{0}>\n  "
        "<testsuite{1}{0}>\n",
        counts, attribute("name", chapter(report)));
    text += fmt::format(
        "    <properties>\n      <property name=\"submission\"{}/>\n      <property name=\"points\" "
        "value=\"{}\"/>\n"
        "      <property name=\"earned\" value=\"{}\"/>\n      <property name=\"final\" value=\"{}\"/>\n    "
        "</properties>\n",
        attribute("value", report.submission), report.maximum(), report.earned(),
        !report.has_infrastructure_error());
    text += build_case(report);
    for (const TestResult& test : report.tests) text += test_case(report, test);
    return text + "  </testsuite>\n</testsuites>\n";
}

}  // namespace grader
