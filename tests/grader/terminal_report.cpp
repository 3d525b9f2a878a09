/// @file
/// The report for the terminal: plain ASCII with, if wanted, colours.
#include <tests/grader/reports.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include <tests/grader/details_report.h>
#include <tests/grader/printable_report.h>

namespace grader {

namespace {

constexpr const char* kRed = "31";
constexpr const char* kGreen = "32";
constexpr const char* kYellow = "33";
constexpr const char* kBold = "1";
constexpr const char* kDim = "2";

std::string coloured(const std::string& text, const char* code, bool colour) {
    return colour ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
}

const char* colour_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kPass:
            return kGreen;
        case Verdict::kFail:
            return kRed;
        case Verdict::kNotReached:
            return kDim;
        case Verdict::kInfrastructure:
            break;
    }
    return kYellow;
}

std::string bar(int part, int whole, int width) {
    const int filled = whole > 0 ? std::clamp(part, 0, whole) * width / whole : 0;
    return std::string(static_cast<size_t>(filled), '#') +
           std::string(static_cast<size_t>(width - filled), '.');
}

/// The failure whose machine is shown: the first one that had a machine.
const TestResult* shown_failure(const Report& report) {
    for (const TestResult& test : report.tests)
        if (test.verdict == Verdict::kFail && !test.evidence.empty()) return &test;
    return nullptr;
}

/// One heading for each test that others wait for.
std::string not_reached(const Report& report, bool colour) {
    std::map<std::string, std::string> waiting;
    for (const TestResult& test : report.tests) {
        if (test.verdict != Verdict::kNotReached) continue;
        std::string& names = waiting[waits_for(report, test)];
        names += (names.empty() ? "" : ", ") + test.info.name;
    }
    std::string text;
    for (const auto& [need, names] : waiting)
        text += coloured(fmt::format("Not reached, waiting for {}: ", one_line(need)), kDim, colour) +
                one_line(names) + "\n";
    return text.empty() ? "" : text + "\n";
}

std::string failure(const Report& report, const TestResult& test, bool colour) {
    std::string text = coloured(test.verdict == Verdict::kFail ? "FAIL" : "NOT CARRIED OUT",
                                colour_of(test.verdict), colour) +
                       fmt::format(" {}, {} points: {}\n", coloured(test.info.name, kBold, colour),
                                   test.info.points, one_line(test.info.title));
    for (const Detail& detail : findings_of(report, test)) {
        if (detail.block)
            text += quoted_text(detail.text, "  | ") + "\n";
        else
            text += "  " + coloured(detail.label + ":", kBold, colour) + " " + one_line(detail.text) + "\n";
    }
    return text;
}

std::string evidence(const TestResult& test, bool colour) {
    std::string text;
    for (const Detail& detail : evidence_of(test)) {
        text += "  " + coloured(detail.label + ":", kBold, colour);
        if (detail.label == "To run this again")  // to be copied: without a mark before it
            text += "\n" + quoted_text(detail.text, "    ") + "\n";
        else if (detail.block)
            text += "\n" + quoted_text(detail.text, "  | ") + "\n";
        else
            text += " " + one_line(detail.text) + "\n";
    }
    return text;
}

std::string sections(const Report& report, bool colour) {
    std::string text;
    for (const SectionPoints& section : points_by_section(report)) {
        const bool complete = section.earned == section.maximum;
        const std::string drawn = bar(section.earned, section.maximum, 40);
        text += fmt::format("  {:<6}{}  {:>3} of {:>3}\n", one_line(section.section),
                            coloured(drawn, complete ? kGreen : kYellow, colour), section.earned,
                            section.maximum);
    }
    const std::string total = fmt::format("{} of {} points", report.earned(), report.maximum());
    return text + fmt::format("  Total: {}{}, {:.1f} s\n",
                              coloured(total, report.complete() ? kGreen : kBold, colour),
                              report.has_infrastructure_error() ? " (not final)" : "", report.seconds);
}

}  // namespace

std::string progress_line(const TestResult& result, int done, int total, bool colour) {
    return fmt::format(
        "[{}] {:>2}/{}  {}  {:>2}/{:<2}  {}  {:.1f} s", bar(done, total, 20), done, total,
        coloured(fmt::format("{:<20}", name_of(result.verdict)), colour_of(result.verdict), colour),
        result.earned(), result.info.points, one_line(result.info.name), result.seconds);
}

std::string to_terminal(const Report& report, bool colour) {
    std::string text = "\n" + coloured(one_line(chapter(report)), kBold, colour);
    if (!report.submission.empty()) text += fmt::format(" ({})", one_line(report.submission));
    text += "\n\n";

    if (!report.build_error.empty()) {
        text += quoted_text(report.build_error, "  | ") + "\n\n";
        return text + coloured(caveat(report), kRed, colour) +
               fmt::format(" 0 of {} points.\n", report.maximum());
    }

    const TestResult* shown = shown_failure(report);
    for (const TestResult& test : report.tests) {
        if (test.verdict != Verdict::kFail && test.verdict != Verdict::kInfrastructure) continue;
        text += failure(report, test, colour);
        if (&test == shown) text += evidence(test, colour);
        text += "\n";
    }
    text += not_reached(report, colour);
    if (const std::string warning = caveat(report); !warning.empty())
        text += coloured(warning, kYellow, colour) + "\n\n";
    return text + sections(report, colour);
}

}  // namespace grader
