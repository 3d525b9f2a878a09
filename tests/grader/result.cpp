/// @file
/// The result model's sums, and its form as JSON.
#include <tests/grader/result.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include <tests/grader/shortened.h>

namespace grader {

namespace {

// Keeps the properties in the order in which they are written here.
using Json = nlohmann::ordered_json;

constexpr int kFormatVersion = 1;
constexpr size_t kLongestText = 64 * 1024;

constexpr std::array<std::pair<Verdict, const char*>, 4> kVerdictNames = {{
    {Verdict::kPass, "pass"},
    {Verdict::kFail, "fail"},
    {Verdict::kNotReached, "not reached"},
    {Verdict::kInfrastructure, "infrastructure error"},
}};

/// A text that a submission has a part in.
std::string bounded(const std::string& text) {
    return shortened(text, kLongestText);
}

Json json_of(const Evidence& evidence) {
    Json stack = Json::array();
    for (const StackWord& word : evidence.stack)
        stack.push_back({{"address", word.address}, {"value", word.value}, {"meaning", word.meaning}});
    return {
        {"state", bounded(evidence.state)},
        {"task", bounded(evidence.task)},
        {"serial", bounded(evidence.serial)},
        {"command", bounded(evidence.command)},
        {"stack", stack},
    };
}

Json json_of(const TestResult& result) {
    Json json = {
        {"name", result.info.name},
        {"title", result.info.title},
        {"section", result.info.section},
        {"points", result.info.points},
        {"unit", result.info.unit},
        {"needs", result.info.needs},
        {"usual_cause", result.info.hint},
        {"verdict", name_of(result.verdict)},
        {"earned", result.earned()},
        {"message", bounded(result.message)},
        {"hint", result.hint},
        {"seconds", result.seconds},
    };
    if (!result.evidence.empty()) json["evidence"] = json_of(result.evidence);
    return json;
}

/// What a guest printed need not be UTF-8, which JSON must be: such bytes become U+FFFD.
std::string text_of(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int points_in(const Json& json) {
    const int points = json.at("points").get<int>();
    if (points < 0) throw std::invalid_argument("a test gives negative points");
    return points;
}

Evidence evidence_in(const Json& json) {
    Evidence evidence;
    evidence.state = json.at("state").get<std::string>();
    evidence.task = json.at("task").get<std::string>();
    evidence.serial = json.at("serial").get<std::string>();
    evidence.command = json.at("command").get<std::string>();
    for (const Json& word : json.at("stack"))
        evidence.stack.push_back({word.at("address").get<std::string>(), word.at("value").get<std::string>(),
                                  word.at("meaning").get<std::string>()});
    return evidence;
}

TestResult result_in(const Json& json) {
    TestResult result;
    result.info.name = json.at("name").get<std::string>();
    result.info.title = json.at("title").get<std::string>();
    result.info.section = json.at("section").get<std::string>();
    result.info.points = points_in(json);
    result.info.unit = json.at("unit").get<bool>();
    result.info.needs = json.at("needs").get<std::vector<std::string>>();
    result.info.hint = json.at("usual_cause").get<std::string>();
    result.verdict = verdict_named(json.at("verdict").get<std::string>());
    result.message = json.at("message").get<std::string>();
    result.hint = json.at("hint").get<std::string>();
    result.seconds = json.at("seconds").get<double>();
    if (json.contains("evidence")) result.evidence = evidence_in(json.at("evidence"));
    return result;
}

}  // namespace

const char* name_of(Verdict verdict) {
    for (const auto& [known, name] : kVerdictNames)
        if (known == verdict) return name;
    throw std::invalid_argument("no such verdict");
}

Verdict verdict_named(const std::string& name) {
    for (const auto& [verdict, known] : kVerdictNames)
        if (known == name) return verdict;
    throw std::invalid_argument("no verdict is named '" + name + "'");
}

int Report::earned() const {
    int sum = 0;
    for (const TestResult& test : tests) sum += test.earned();
    return sum;
}

int Report::maximum() const {
    int sum = 0;
    for (const TestResult& test : tests) sum += test.info.points;
    return sum;
}

bool Report::has_infrastructure_error() const {
    return std::any_of(tests.begin(), tests.end(),
                       [](const TestResult& test) { return test.verdict == Verdict::kInfrastructure; });
}

std::string to_json(const Report& report) {
    Json tests = Json::array();
    for (const TestResult& test : report.tests) tests.push_back(json_of(test));
    return text_of({
        {"format", "trapline-report"},
        {"version", kFormatVersion},
        {"lab", report.lab},
        {"title", report.title},
        {"submission", bounded(report.submission)},
        {"handout", report.handout},
        {"build_error", bounded(report.build_error)},
        {"earned", report.earned()},
        {"maximum", report.maximum()},
        {"final", !report.has_infrastructure_error()},
        {"seconds", report.seconds},
        {"tests", tests},
    });
}

Report report_from_json(const std::string& text) {
    const Json json = Json::parse(text);
    if (json.at("format") != "trapline-report" || json.at("version") != kFormatVersion)
        throw std::invalid_argument("not a report of this version");
    Report report;
    report.lab = json.at("lab").get<int>();
    report.title = json.at("title").get<std::string>();
    report.submission = json.at("submission").get<std::string>();
    report.handout = json.at("handout").get<std::string>();
    report.build_error = json.at("build_error").get<std::string>();
    for (const Json& test : json.at("tests")) report.tests.push_back(result_in(test));
    report.seconds = json.at("seconds").get<double>();
    return report;
}

std::string to_json(const TestResult& result) {
    return text_of(json_of(result));
}

TestResult result_from_json(const std::string& text) {
    return result_in(Json::parse(text));
}

}  // namespace grader
