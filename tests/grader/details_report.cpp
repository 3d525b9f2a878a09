/// @file
/// The sums and sentences that all forms of a report have in common.
#include <tests/grader/details_report.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include <tests/grader/printable_report.h>
#include <tests/grader/shortened.h>

namespace grader {

namespace {

constexpr size_t kMostStackWords = 64;
constexpr size_t kLongestBlock = 12 * 1024;

const TestResult* find_test(const Report& report, const std::string& name) {
    for (const TestResult& test : report.tests)
        if (test.info.name == name) return &test;
    return nullptr;
}

/// The first test that `result` needs and that did not pass.
const TestResult* missing_need(const Report& report, const TestResult& result) {
    for (const std::string& need : result.info.needs) {
        const TestResult* test = find_test(report, need);
        if (test && test->verdict != Verdict::kPass) return test;
    }
    return nullptr;
}

}  // namespace

std::vector<SectionPoints> points_by_section(const Report& report) {
    std::vector<SectionPoints> sections;
    for (const TestResult& test : report.tests) {
        auto section = std::find_if(sections.begin(), sections.end(), [&](const SectionPoints& known) {
            return known.section == test.info.section;
        });
        if (section == sections.end()) section = sections.insert(section, {.section = test.info.section});
        section->earned += test.earned();
        section->maximum += test.info.points;
    }
    // Section 1.10 comes after 1.9.
    std::sort(sections.begin(), sections.end(), [](const SectionPoints& a, const SectionPoints& b) {
        return strverscmp(a.section.c_str(), b.section.c_str()) < 0;
    });
    return sections;
}

std::vector<Detail> findings_of(const Report& report, const TestResult& result) {
    std::vector<Detail> details;
    switch (result.verdict) {
        case Verdict::kPass:
            break;
        case Verdict::kFail:
            details.push_back({"", result.message, true});
            details.push_back({"Likely cause", result.hint});
            details.push_back({"Handout", handout_place(report, result)});
            break;
        case Verdict::kNotReached:
            if (report.build_error.empty())
                details.push_back({"Not reached", "waits for " + waits_for(report, result)});
            else
                details.push_back({"Not reached", "the submission was not built"});
            break;
        case Verdict::kInfrastructure:
            details.push_back({"Could not be carried out", result.message, true});
            break;
    }
    std::erase_if(details, [](const Detail& detail) { return detail.text.empty(); });
    return details;
}

std::vector<Detail> evidence_of(const TestResult& result) {
    if (result.evidence.empty()) return {};
    std::vector<Detail> details = {
        {"Whose stack", result.evidence.task, false},
        {"State", result.evidence.state, true},
        {"Stack, from RSP upwards", stack_table(result.evidence), true},
        {"Last lines printed", result.evidence.serial, true},
        {"To run this again", result.evidence.command, true},
    };
    std::erase_if(details, [](const Detail& detail) { return detail.text.empty(); });
    return details;
}

std::string stack_table(const Evidence& evidence) {
    std::string table;
    for (size_t i = 0; i < std::min(evidence.stack.size(), kMostStackWords); i++) {
        const StackWord& word = evidence.stack[i];
        table += fmt::format("{:<18} {:>18}  {}", word.address, word.value, word.meaning);
        while (table.ends_with(' ')) table.pop_back();
        table += "\n";
    }
    return table;
}

std::string plain_details(const Report& report, const TestResult& result) {
    std::vector<Detail> details = findings_of(report, result);
    if (result.verdict == Verdict::kFail)
        for (Detail& detail : evidence_of(result)) details.push_back(std::move(detail));
    std::string text;
    for (const Detail& detail : details) {
        if (!detail.block)
            text += fmt::format("{}: {}\n", detail.label, one_line(detail.text));
        else
            text += fmt::format("{}{}{}\n", detail.label, detail.label.empty() ? "" : ":\n",
                                quoted_text(shortened(detail.text, kLongestBlock), "| "));
    }
    return text;
}

std::string handout_place(const Report& report, const TestResult& result) {
    return fmt::format("{}, section {}", report.handout, result.info.section);
}

std::string waits_for(const Report& report, const TestResult& result) {
    const TestResult* root = nullptr;
    std::set<const TestResult*> seen;
    for (const TestResult* next = missing_need(report, result); next && seen.insert(next).second;
         next = missing_need(report, *next))
        root = next;
    return root ? root->info.name : result.message;
}

std::string caveat(const Report& report) {
    if (!report.build_error.empty()) return "The submission could not be built: nothing was judged.";
    const auto lost = std::count_if(report.tests.begin(), report.tests.end(), [](const TestResult& test) {
        return test.verdict == Verdict::kInfrastructure;
    });
    if (lost == 0) return "";
    return fmt::format(
        "{} could not be carried out. This is a fault of the machine that grades, not of the submission, and "
        "costs no points: the points below are not final. Grade again.",
        lost == 1 ? "One test" : fmt::format("{} tests", lost));
}

std::string chapter(const Report& report) {
    return fmt::format("Chapter {}: {}", report.lab, report.title);
}

}  // namespace grader
