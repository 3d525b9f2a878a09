/// @file
/// The report as a page in one file: no script, nothing loaded from elsewhere, light and dark.
#include <tests/grader/reports.h>

#include <fmt/format.h>

#include <algorithm>

#include <tests/grader/details_report.h>
#include <tests/grader/printable_report.h>
#include <tests/grader/stack_picture_report.h>

namespace grader {

namespace {

constexpr const char* kStyle = R"(
:root {
  color-scheme: light dark;
  --page: #f6f6f4; --card: #ffffff; --text: #1d1f23; --muted: #5a5f69; --line: #d8dade; --code: #f1f2f4;
  --pass: #1a7f37; --fail: #c4261d; --warn: #8a5a00; --warn-page: #fff6e0; --mark: #dbe8ff; --track: #e3e5e9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141619; --card: #1c1f24; --text: #e6e7ea; --muted: #a3a9b3; --line: #373c45; --code: #111317;
    --pass: #4cc38a; --fail: #ff7b72; --warn: #e6b450; --warn-page: #33290f; --mark: #24365a; --track: #2f343c;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0.5rem 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0; }
h4 { font-size: 0.9rem; margin: 1rem 0 0.25rem; }
p { margin: 0.5rem 0; }
ul { margin: 0; padding-left: 1.2rem; }
pre, code { font: 0.8rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { margin: 0.25rem 0; padding: 0.6rem; background: var(--code); border: 1px solid var(--line);
  border-radius: 6px; overflow-x: auto; max-height: 30rem; overflow-wrap: normal; }
pre.wrapped { white-space: pre-wrap; overflow-wrap: anywhere; }
.muted { color: var(--muted); font-size: 0.9rem; }
.score { font-size: 2.2rem; font-weight: 700; line-height: 1.2; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.9rem;
  margin: 0.75rem 0; }
.fail { border-left: 4px solid var(--fail); }
.warn { border-left: 4px solid var(--warn); background: var(--warn-page); }
.cause { border-left: 4px solid var(--warn); padding: 0.1rem 0.7rem; }
.verdict { font-size: 0.8rem; font-weight: 700; }
.verdict.bad { color: var(--fail); }
.verdict.good { color: var(--pass); }
summary { cursor: pointer; margin-top: 0.75rem; font-weight: 600; }
.sections { display: grid; grid-template-columns: auto 1fr auto; gap: 0.4rem 0.75rem; align-items: center; }
.bar { display: block; width: 100%; height: 0.8rem; }
.track { fill: var(--track); }
.earned { fill: var(--pass); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.picture { overflow-x: auto; background: var(--code); border: 1px solid var(--line); border-radius: 6px; }
.picture svg { display: block; font: 12px ui-monospace, "DejaVu Sans Mono", monospace; }
.picture text { fill: var(--text); }
.picture .offset { fill: var(--muted); }
.picture rect { fill: var(--card); stroke: var(--line); }
.picture .code rect { fill: var(--mark); }
.picture .top rect { stroke: var(--fail); stroke-width: 2; }
.picture .top .offset { fill: var(--fail); font-weight: 700; }
)";

std::string bar(int part, int whole) {
    const int percent = whole > 0 ? 100 * std::clamp(part, 0, whole) / whole : 0;
    return fmt::format(
        R"(<svg class="bar" role="img" aria-label="{0} of {1}"><rect class="track" width="100%" height="100%" rx="3"/>)"
        R"(<rect class="earned" width="{2}%" height="100%" rx="3"/></svg>)",
        part, whole, percent);
}

std::string block(const std::string& text, const char* kind = "") {
    return fmt::format("<pre{}>{}</pre>\n", kind, escaped_text(text));
}

/// A handout is a path in the tree, or an address if the class has it on the web.
std::string handout_link(const Report& report, const TestResult& test) {
    const std::string place = escaped_text(one_line(handout_place(report, test)));
    if (!report.handout.starts_with("https://")) return "<code>" + place + "</code>";
    return fmt::format(R"(<a href="{}">{}</a>)", escaped_text(one_line(report.handout)), place);
}

std::string evidence(const TestResult& test, bool open) {
    if (test.evidence.empty()) return "";
    std::string text =
        fmt::format("<details{}><summary>What the machine looked like</summary>\n", open ? " open=\"\"" : "");
    if (!test.evidence.stack.empty())
        text += "<h4>The stack, from RSP upwards</h4>\n" + stack_picture(test.evidence.stack);
    for (const Detail& detail : evidence_of(test)) {
        if (detail.text == stack_table(test.evidence)) continue;  // it is drawn above
        const bool command = detail.text == test.evidence.command;
        text += "<h4>" + escaped_text(detail.label) + "</h4>\n" +
                block(detail.text, command || !detail.block ? R"( class="wrapped")" : "");
    }
    return text + "</details>\n";
}

std::string heading(const TestResult& test, const char* verdict, const char* kind,
                    const std::string& points) {
    return fmt::format(
        R"(<p class="verdict {}">{} &#183; {}</p><h3>{}</h3><p class="muted"><code>{}</code></p>)"
        "\n",
        kind, verdict, points, escaped_text(one_line(test.info.title)),
        escaped_text(one_line(test.info.name)));
}

std::string failures(const Report& report) {
    std::string text;
    bool open = true;  // the first machine is to be seen without a click
    for (const TestResult& test : report.tests) {
        if (test.verdict != Verdict::kFail) continue;
        text += R"(<article class="card fail">)" +
                heading(test, "FAIL", "bad", fmt::format("0 of {} points", test.info.points));
        text += block(test.message, R"( class="wrapped")");
        if (!test.hint.empty())
            text += fmt::format(R"(<div class="cause"><p><strong>Likely cause:</strong> {}</p></div>)",
                                escaped_text(one_line(test.hint)));
        text += "<p>Handout: " + handout_link(report, test) + "</p>\n";
        text += evidence(test, open) + "</article>\n";
        open = open && test.evidence.empty();
    }
    return text.empty() ? "" : "<h2>Failures</h2>\n" + text;
}

std::string not_carried_out(const Report& report) {
    std::string text;
    for (const TestResult& test : report.tests)
        if (test.verdict == Verdict::kInfrastructure)
            text += R"(<article class="card warn">)" +
                    heading(test, "NOT CARRIED OUT", "",
                            fmt::format("its {} points are open", test.info.points)) +
                    block(test.message, R"( class="wrapped")") + "</article>\n";
    return text.empty() ? "" : "<h2>Could not be carried out</h2>\n" + text;
}

/// A list of the tests with this verdict, in a card under a heading.
std::string listing(const Report& report, Verdict verdict, const char* title) {
    std::string text;
    for (const TestResult& test : report.tests) {
        if (test.verdict != verdict) continue;
        std::string more;
        for (const Detail& detail : findings_of(report, test)) more += ": " + one_line(detail.text);
        text += fmt::format("<li>{} <span class=\"muted\">({} points{})</span></li>\n",
                            escaped_text(one_line(test.info.title)), test.info.points, escaped_text(more));
    }
    return text.empty() ? ""
                        : fmt::format("<h2>{}</h2>\n<div class=\"card\"><ul>\n{}</ul></div>\n", title, text);
}

std::string sections(const Report& report) {
    std::string text = R"(<h2>Points by section of the handout</h2><div class="card sections">)";
    for (const SectionPoints& section : points_by_section(report))
        text += fmt::format(R"(<span>{}</span>{}<span class="number">{} of {}</span>)"
                            "\n",
                            escaped_text(one_line(section.section)), bar(section.earned, section.maximum),
                            section.earned, section.maximum);
    return text + "</div>\n";
}

std::string summary(const Report& report) {
    std::string text = "<h1>" + escaped_text(one_line(chapter(report))) + "</h1>\n";
    if (!report.submission.empty())
        text += "<p class=\"muted\">" + escaped_text(one_line(report.submission)) + "</p>\n";
    if (const std::string warning = caveat(report); !warning.empty())
        text += R"(<div class="card warn" role="alert">)" + escaped_text(warning) + "</div>\n";
    if (!report.build_error.empty()) text += "<h2>What the compiler said</h2>\n" + block(report.build_error);
    return text +
           fmt::format(
               "<p class=\"score\">{} of {} points{}</p>\n{}\n<p class=\"muted\">Graded in {:.1f} s</p>\n",
               report.earned(), report.maximum(), report.has_infrastructure_error() ? ", not final" : "",
               bar(report.earned(), report.maximum()), report.seconds);
}

}  // namespace

std::string to_html(const Report& report) {
    // Should an escape ever be forgotten above: the policy lets no script run and nothing be loaded.
    std::string text = fmt::format(
        R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{}</title>
<style>{}</style></head>
<body>
)",
        escaped_text(one_line(chapter(report))), kStyle);
    text += summary(report) + sections(report) + not_carried_out(report) + failures(report);
    text += listing(report, Verdict::kNotReached, "Not reached") + listing(report, Verdict::kPass, "Passed");
    return text + "</body></html>\n";
}

}  // namespace grader
