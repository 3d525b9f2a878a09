/// @file
/// The forms of a report: what each must say, and that nothing a submission says can break out of any.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tests/grader/printable_report.h>
#include <tests/grader/reports.h>
#include <tests/unit/support/grader_report_sample.h>
#include <tests/unit/support/xml_check.h>

namespace {

using grader::Verdict;
using nlohmann::json;
using test_support::hostile_text;
using test_support::sample_report;
using test_support::unbuilt_report;
using test_support::xml_error;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

size_t count(const std::string& text, const std::string& part) {
    size_t number = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
        number++;
    return number;
}

/// The lines that a program which reads logs would obey.
std::vector<std::string> orders_in(const std::string& text) {
    std::vector<std::string> orders;
    for (size_t start = 0; start < text.size();) {
        const size_t end = std::min(text.find('\n', start), text.size());
        const std::string line = text.substr(start, end - start);
        const size_t word = line.find_first_not_of(" \t\r");
        if (contains(line, "##[") || (word != std::string::npos && line.compare(word, 2, "::") == 0))
            orders.push_back(line);
        start = end + 1;
    }
    return orders;
}

bool has_control_characters(const std::string& text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    });
}

/// All strings in a JSON value.
void collect_strings(const json& value, std::vector<std::string>& strings) {
    if (value.is_string()) strings.push_back(value);
    if (value.is_structured())
        for (const json& member : value) collect_strings(member, strings);
}

TEST(GraderReportText, ShowsWhatCanBeSeen) {
    using namespace std::string_literals;
    EXPECT_EQ(grader::printable_text("a\tb\r\nc\n"), "a\tb\nc\n");
    EXPECT_EQ(grader::printable_text("\u2018na\u00efve\u2019 \U0001d11e"),
              "\u2018na\u00efve\u2019 \U0001d11e");
    EXPECT_EQ(grader::printable_text("\0\x1b[31m\x7f\r"s), "\\x00\\x1b[31m\\x7f\\x0d");
    EXPECT_EQ(grader::printable_text("\u0085"), "\\xc2\\x85");
    EXPECT_EQ(grader::printable_text("\u202e"), "\\xe2\\x80\\xae");
    EXPECT_EQ(grader::printable_text("\uffff"), "\\xef\\xbf\\xbf");
}

TEST(GraderReportText, ShowsTheBytesOfBrokenUtf8) {
    EXPECT_EQ(grader::printable_text("a\xff\xc3"), "a\\xff\\xc3");
    EXPECT_EQ(grader::printable_text("\xc0\x80"), "\\xc0\\x80");                    // longer than needed
    EXPECT_EQ(grader::printable_text("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");           // the same in three bytes
    EXPECT_EQ(grader::printable_text("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // half a surrogate pair
    EXPECT_EQ(grader::printable_text("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode's end
    EXPECT_EQ(grader::printable_text("\xe2\x80"), "\\xe2\\x80");                    // cut off
}

TEST(GraderReportText, BoundsLinesAndTexts) {
    const std::string line = grader::printable_text(std::string(1'000'000, 'A') + "\nB");
    EXPECT_LT(line.size(), 40'000u);
    EXPECT_TRUE(line.ends_with("\nB"));
    EXPECT_TRUE(contains(line, "bytes left out"));
    EXPECT_LT(grader::printable_text(std::string(1'000'000, '\n')).size(), 40'000u);
}

TEST(GraderReportText, QuotedLinesGiveNoOrders) {
    EXPECT_EQ(grader::quoted_text("\na\n\nb\n\n", "| "), "| a\n| \n| b");
    EXPECT_EQ(grader::quoted_text("::x\n##[y", "| "), "| ::x\n| # #[y");
    EXPECT_TRUE(orders_in(grader::quoted_text(hostile_text(), "| ")).empty());
    EXPECT_EQ(grader::one_line("a\nb\tc\n"), "a b c");
}

TEST(GraderReportText, EscapesMarkup) {
    EXPECT_EQ(grader::escaped_text("<a b=\"c\" d='e'>&</a>]]>"),
              "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;&lt;/a&gt;]]&gt;");
}

TEST(GraderReportText, TheCheckOfXmlFindsMistakes) {
    EXPECT_EQ(xml_error("<?xml version=\"1.0\"?>\n<a b=\"c\"><d/>x &amp; y</a>\n"), "");
    for (const char* bad :
         {"", "x", "<a>", "<a></b>", "<a/><b/>", "<a b=c/>", "<a b=\"<\"/>", "<a b=\"\" b=\"\"/>", "<a>&</a>",
          "<a>&nbsp;</a>", "<a>\x1b</a>", "<a>\xff</a>", "<a>]]></a>", "<a b=\"\"c=\"\"/>", "<a>< b</a>"})
        EXPECT_NE(xml_error(bad), "") << bad;
}

TEST(GraderReportTerminal, ALineForEachTest) {
    const grader::Report report = sample_report(true);
    const std::string line = grader::progress_line(report.tests[1], 5, 10, false);
    EXPECT_TRUE(contains(line, "[##########..........]"));
    EXPECT_TRUE(contains(line, " 5/10"));
    EXPECT_TRUE(contains(line, "fail"));
    EXPECT_TRUE(contains(line, " 0/30"));
    EXPECT_TRUE(contains(line, "Tss.HasInterruptStacks"));
    EXPECT_FALSE(contains(line, "\n"));
    EXPECT_TRUE(contains(grader::progress_line(report.tests[0], 10, 10, false), "[####################]"));
    EXPECT_TRUE(contains(grader::progress_line(report.tests[0], 10, 10, false), "20/20"));
}

TEST(GraderReportTerminal, ColoursOnlyWhenAskedFor) {
    const grader::Report report = sample_report(true);
    EXPECT_FALSE(has_control_characters(grader::progress_line(report.tests[0], 1, 5, false)));
    EXPECT_FALSE(has_control_characters(grader::to_terminal(report, false)));
    EXPECT_TRUE(contains(grader::progress_line(report.tests[0], 1, 5, true), "\033[32m"));
    std::string coloured = grader::to_terminal(report, true);
    EXPECT_TRUE(contains(coloured, "\033[31mFAIL\033[0m"));
    // Of escapes there are only those that set colours, and without them the text is the same.
    for (const std::string code : {"\033[31m", "\033[32m", "\033[33m", "\033[1m", "\033[2m", "\033[0m"})
        for (size_t at = coloured.find(code); at != std::string::npos; at = coloured.find(code))
            coloured.erase(at, code.size());
    EXPECT_EQ(coloured, grader::to_terminal(report, false));
}

TEST(GraderReportTerminal, SaysWhatFailedAndWhatToDo) {
    const std::string text = grader::to_terminal(sample_report(false), false);
    EXPECT_TRUE(contains(text, "Chapter 1: GDT, TSS and the way into ring 3"));
    EXPECT_TRUE(contains(text, "FAIL Tss.HasInterruptStacks, 30 points: NMI, #DB, #MC and #DF"));
    EXPECT_TRUE(contains(text, "  | vector 8: the gate names no stack\n"));
    EXPECT_TRUE(contains(text, "Likely cause: IST index 0 means: no stack of its own.\n"));
    EXPECT_TRUE(contains(text, "Handout: labs/01-gdt-tss/README.md, section 1.10\n"));
    EXPECT_TRUE(contains(text, "  | RAX=0000000000000000\n"));
    EXPECT_TRUE(
        contains(text, "  | 0xffff800000123e88 0xffffffff80101235  trapline::handle_<page>_fault1+0x1\n"));
    EXPECT_TRUE(contains(text, "  | last words\n"));
    EXPECT_TRUE(contains(text, "\n    make grade LAB=1 TESTS='Tss.HasInterruptStacks' NONCE=0x1234\n"));
    EXPECT_TRUE(contains(
        text, "waiting for Tss.HasInterruptStacks: Tss.SurvivesDoubleFault, Tss.NamesTheDoubleFault\n"));
    EXPECT_EQ(count(text, "FAIL"), 1u);
    EXPECT_TRUE(contains(text, "  1.2   ########################################   20 of  20\n"));
    EXPECT_TRUE(contains(text, "  1.10  ........................................    0 of  60\n"));
    EXPECT_TRUE(contains(text, "Total: 40 of 100 points, 4.2 s\n"));
    EXPECT_FALSE(contains(text, "not final"));
}

TEST(GraderReportTerminal, OnlyTheFirstFailureHasItsEvidence) {
    grader::Report report = sample_report(false);
    report.tests.push_back(report.tests[1]);
    report.tests.back().info.name = "Tss.Another";
    report.tests.back().evidence.task = "another task";
    const std::string text = grader::to_terminal(report, false);
    EXPECT_TRUE(contains(text, "FAIL Tss.Another"));
    EXPECT_FALSE(contains(text, "another task"));
    EXPECT_EQ(count(text, "To run this again"), 1u);
}

TEST(GraderReportTerminal, ShowsTheFirstMachineThatThereIs) {
    grader::Report report = sample_report(false);
    report.tests.insert(report.tests.begin(), report.tests[1]);
    report.tests[0].info.name = "Unit.Test";
    report.tests[0].evidence = {};
    EXPECT_TRUE(contains(grader::to_terminal(report, false), "RAX=0000000000000000"));
    EXPECT_EQ(count(grader::to_html(report), "<details open=\"\">"), 1u);
}

TEST(GraderReportTerminal, AnInfrastructureErrorIsNobodysFault) {
    const std::string text = grader::to_terminal(sample_report(true), false);
    EXPECT_TRUE(contains(text, "NOT CARRIED OUT Descriptor.Encodes"));
    EXPECT_TRUE(contains(text, "can't write: is the disk full?"));
    EXPECT_TRUE(contains(text, "One test could not be carried out."));
    EXPECT_TRUE(contains(text, "not of the submission"));
    EXPECT_TRUE(contains(text, "20 of 100 points (not final)"));
}

TEST(GraderReportTerminal, ABuildErrorJudgesNothing) {
    const std::string text = grader::to_terminal(unbuilt_report(), false);
    EXPECT_TRUE(contains(text, "  | descriptors.h:12:5: error: \u2018gdt\u2019 was not declared\n"));
    EXPECT_TRUE(contains(text, "could not be built: nothing was judged. 0 of 100 points."));
    EXPECT_FALSE(contains(text, "Not reached"));
}

TEST(GraderReportTerminal, HostileTextIsHarmless) {
    for (const grader::Report& report : {sample_report(true), unbuilt_report()}) {
        const std::string text = grader::to_terminal(report, false);
        EXPECT_TRUE(orders_in(text).empty()) << orders_in(text)[0];
        EXPECT_FALSE(has_control_characters(text));
        EXPECT_LT(text.size(), 200'000u);
    }
}

TEST(GraderReportJunit, IsXmlWithAllVerdicts) {
    const std::string text = grader::to_junit(sample_report(true));
    EXPECT_EQ(xml_error(text), "");
    EXPECT_FALSE(has_control_characters(text));
    EXPECT_LT(text.size(), 500'000u);
    EXPECT_TRUE(contains(
        text, "<testsuites name=\"Trapline\" tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"2\""));
    EXPECT_TRUE(contains(text, "<testcase classname=\"Tss\" name=\"HasInterruptStacks\" time=\"1.250\">"));
    EXPECT_EQ(count(text, "<testcase "), 5u);
    EXPECT_EQ(count(text, "<failure message=\"vector 8: the gate names no stack\">"), 1u);
    EXPECT_EQ(count(text, "<error "), 1u);
    EXPECT_EQ(count(text, "<skipped message=\"waits for Tss.HasInterruptStacks\">"), 2u);
    EXPECT_EQ(count(text, "<system-out>Trapline\n"), 1u);
    EXPECT_TRUE(contains(text, "Likely cause: IST index 0 means"));
    EXPECT_TRUE(contains(text, "<property name=\"submission\" value=\"ada &lt;ada@example.org&gt;\"/>"));
    EXPECT_TRUE(contains(text, "<property name=\"final\" value=\"false\"/>"));
}

TEST(GraderReportJunit, ABuildErrorIsAFailure) {
    const std::string text = grader::to_junit(unbuilt_report());
    EXPECT_EQ(xml_error(text), "");
    EXPECT_TRUE(contains(text, "tests=\"6\" failures=\"1\" errors=\"0\" skipped=\"5\""));
    EXPECT_EQ(count(text, "<failure "), 1u);
    EXPECT_TRUE(contains(text, "was not declared"));
}

TEST(GraderReportGradescope, HasScoresOutputAndStatus) {
    const json results = json::parse(grader::to_gradescope(sample_report(false)));
    EXPECT_EQ(results.at("score"), 40);
    EXPECT_EQ(results.at("execution_time"), 4.25);
    EXPECT_EQ(results.at("test_output_format"), "text");
    ASSERT_EQ(results.at("tests").size(), 5u);
    int sum = 0, maximum = 0;
    for (const json& test : results.at("tests")) {
        sum += test.at("score").get<int>();
        maximum += test.at("max_score").get<int>();
    }
    EXPECT_EQ(sum, 40);
    EXPECT_EQ(maximum, 100);
    EXPECT_EQ(results["tests"][0]["status"], "passed");
    EXPECT_EQ(results["tests"][0]["output"], "");
    EXPECT_EQ(results["tests"][1]["status"], "failed");
    const std::string output = results["tests"][1]["output"];
    EXPECT_TRUE(output.starts_with("| vector 8: the gate names no stack\n"));
    EXPECT_TRUE(contains(output, "\nLikely cause: IST index 0 means: no stack of its own.\n"));
    EXPECT_TRUE(contains(output, "\nHandout: labs/01-gdt-tss/README.md, section 1.10\n"));
    EXPECT_TRUE(contains(output, "| make grade LAB=1"));
    EXPECT_EQ(results["tests"][2]["output"], "Not reached: waits for Tss.HasInterruptStacks\n");
}

TEST(GraderReportGradescope, AnInfrastructureErrorLeavesNoScore) {
    const json results = json::parse(grader::to_gradescope(sample_report(true)));
    EXPECT_FALSE(results.contains("score"));
    for (const json& test : results.at("tests")) EXPECT_FALSE(test.contains("score"));
    EXPECT_FALSE(results["tests"][4].contains("status"));
    EXPECT_TRUE(contains(results.at("output"), "there is no score"));
    EXPECT_TRUE(contains(results.at("output"), "not of the submission"));
}

TEST(GraderReportGradescope, ABuildErrorScoresNothing) {
    const json results = json::parse(grader::to_gradescope(unbuilt_report()));
    EXPECT_EQ(results.at("score"), 0);
    EXPECT_EQ(results["tests"][0]["status"], "failed");
    EXPECT_TRUE(contains(results["tests"][0]["output"], "was not declared"));
    EXPECT_EQ(results.at("tests").size(), 6u);
    EXPECT_EQ(results["tests"][1]["output"], "Not reached: the submission was not built\n");
}

TEST(GraderReportClassroom, HasTheReportersForm) {
    const json results = json::parse(grader::to_classroom(sample_report(false)));
    EXPECT_EQ(results.at("version"), 1);
    EXPECT_EQ(results.at("status"), "fail");
    EXPECT_EQ(results.at("max_score"), 100);
    int sum = 0;
    for (const json& test : results.at("tests")) {
        for (const char* name : {"name", "status", "message", "test_code", "filename"})
            EXPECT_TRUE(test.at(name).is_string()) << name;
        for (const char* name : {"score", "line_no", "duration"})
            EXPECT_TRUE(test.at(name).is_number_integer()) << name;
        sum += test.at("score").get<int>();
    }
    EXPECT_EQ(sum, 40);
    EXPECT_EQ(results["tests"][0]["status"], "pass");
    EXPECT_EQ(results["tests"][1]["status"], "fail");
    EXPECT_EQ(results["tests"][1]["duration"], 1250);
    EXPECT_TRUE(contains(results["tests"][1]["test_code"], "Likely cause: IST index 0"));
    EXPECT_TRUE(contains(results["tests"][1]["test_code"], "| make grade LAB=1"));
    EXPECT_TRUE(contains(results["tests"][1]["message"], "| vector 8: the gate names no stack\n"));
    EXPECT_EQ(results["tests"][2]["status"], "fail");
    grader::Report all = sample_report(false);
    for (grader::TestResult& test : all.tests) test.verdict = Verdict::kPass;
    EXPECT_EQ(json::parse(grader::to_classroom(all)).at("status"), "pass");
}

TEST(GraderReportClassroom, AnInfrastructureErrorReportsNoPoints) {
    const json results = json::parse(grader::to_classroom(sample_report(true)));
    EXPECT_EQ(results.at("status"), "error");
    EXPECT_EQ(results.at("max_score"), 0);
    EXPECT_EQ(results["tests"][4]["status"], "error");
}

// The reporter gets it, in base64, as an environment variable, for which Linux has a limit of 128 KiB.
TEST(GraderReportClassroom, FitsInAnEnvironmentVariable) {
    grader::Report report = sample_report(true);
    for (int i = 0; i < 30; i++) {
        report.tests.push_back(report.tests[1]);
        report.tests.back().message = std::string(50'000, i % 2 ? '"' : '\0');
    }
    const std::string form = grader::to_classroom(report);
    EXPECT_LT((form.size() + 2) / 3 * 4, 128u * 1024);
    EXPECT_EQ(json::parse(form).at("tests").size(), 35u);
    EXPECT_TRUE(contains(form, "Likely cause: IST index 0"));
    EXPECT_LT((grader::to_classroom(unbuilt_report()).size() + 2) / 3 * 4, 128u * 1024);
}

TEST(GraderReportClassroom, ABuildErrorFails) {
    const json results = json::parse(grader::to_classroom(unbuilt_report()));
    EXPECT_EQ(results.at("status"), "fail");
    EXPECT_EQ(results.at("max_score"), 100);
    EXPECT_TRUE(contains(results["tests"][0]["test_code"], "was not declared"));
}

TEST(GraderReportServices, HostileTextIsHarmless) {
    for (const grader::Report& report : {sample_report(false), sample_report(true), unbuilt_report()}) {
        for (const std::string& form : {grader::to_gradescope(report), grader::to_classroom(report)}) {
            EXPECT_LT(form.size(), 1'000'000u);
            std::vector<std::string> strings;
            collect_strings(json::parse(form), strings);
            for (const std::string& text : strings) {
                EXPECT_FALSE(has_control_characters(text)) << text;
                EXPECT_TRUE(orders_in(text).empty()) << orders_in(text)[0];
            }
        }
    }
}

TEST(GraderReportHtml, IsOnePageWithoutScript) {
    for (const grader::Report& report : {sample_report(false), sample_report(true), unbuilt_report()}) {
        const std::string page = grader::to_html(report);
        EXPECT_EQ(xml_error(page), "");
        EXPECT_FALSE(contains(page, "<script"));
        EXPECT_FALSE(contains(page, " src="));
        EXPECT_FALSE(contains(page, "url("));
        EXPECT_FALSE(contains(page, "<link"));
        EXPECT_TRUE(contains(page, "default-src 'none'"));
        EXPECT_TRUE(contains(page, "width=device-width"));
        EXPECT_TRUE(contains(page, "prefers-color-scheme: dark"));
        EXPECT_FALSE(has_control_characters(page));
        EXPECT_LT(page.size(), 500'000u);
    }
}

TEST(GraderReportHtml, ShowsFailuresWithHintAndEvidence) {
    const std::string page = grader::to_html(sample_report(false));
    EXPECT_TRUE(contains(page, "40 of 100 points"));
    EXPECT_TRUE(contains(page, "aria-label=\"0 of 60\""));
    EXPECT_TRUE(contains(page, "<strong>Likely cause:</strong> IST index 0 means"));
    EXPECT_TRUE(contains(page, "labs/01-gdt-tss/README.md, section 1.10"));
    EXPECT_TRUE(contains(page, "RAX=0000000000000000"));
    EXPECT_TRUE(contains(page, "&lt;script&gt;alert(1)&lt;/script&gt; ]]&gt;"));
    EXPECT_TRUE(contains(page, "last words"));
    EXPECT_TRUE(contains(page, "NONCE=0x1234"));
    EXPECT_EQ(count(page, "waits for Tss.HasInterruptStacks"), 2u);
    EXPECT_FALSE(contains(page, "not final"));
}

TEST(GraderReportHtml, DrawsTheStackUpwardsFromRsp) {
    const std::string page = grader::to_html(sample_report(false));
    EXPECT_EQ(count(page, "<rect x="), 24u);
    EXPECT_EQ(count(page, "RSP \u2192"), 1u);
    const size_t higher = page.find(">+0xb8<"), lower = page.find(">+0x8<");
    ASSERT_NE(higher, std::string::npos);
    ASSERT_NE(lower, std::string::npos);
    EXPECT_LT(higher, page.size());
    EXPECT_TRUE(contains(page, ">0xffffffff80101235</text>"));
    EXPECT_TRUE(contains(page, ">trapline::handle_&lt;page&gt;_fault1+0x1</text>"));
    // Higher addresses above: the word at RSP has the largest y.
    EXPECT_TRUE(contains(page, "class=\"data top\"><title>0xffff800000123e80"));
    EXPECT_TRUE(contains(page, "<rect x=\"72\" y=\"514\""));
    EXPECT_LT(page.find("y=\"514\""), page.find("y=\"8\""));
}

TEST(GraderReportHtml, AHandoutOnTheWebIsALink) {
    grader::Report report = sample_report(false);
    report.handout = "https://example.org/labs/1?a=\"><script>";
    const std::string page = grader::to_html(report);
    EXPECT_EQ(xml_error(page), "");
    EXPECT_TRUE(contains(page, "<a href=\"https://example.org/labs/1?a=&quot;&gt;&lt;script&gt;\">"));
    report.handout = "javascript:alert(1)";
    EXPECT_FALSE(contains(grader::to_html(report), "href="));
}

TEST(GraderReportHtml, SaysThatPointsAreNotFinal) {
    const std::string page = grader::to_html(sample_report(true));
    EXPECT_TRUE(contains(page, "20 of 100 points, not final"));
    EXPECT_TRUE(contains(page, "not of the submission"));
    EXPECT_TRUE(contains(page, "NOT CARRIED OUT"));
}

TEST(GraderReportHtml, SaysWhatTheCompilerSaid) {
    const std::string page = grader::to_html(unbuilt_report());
    EXPECT_TRUE(contains(page, "nothing was judged"));
    EXPECT_TRUE(contains(page, "\u2018gdt\u2019 was not declared"));
}

TEST(GraderReportForms, AnEmptyReportBreaksNone) {
    const grader::Report empty;
    EXPECT_EQ(xml_error(grader::to_junit(empty)), "");
    EXPECT_EQ(xml_error(grader::to_html(empty)), "");
    EXPECT_TRUE(contains(grader::to_terminal(empty, true), "0 of 0 points"));
    EXPECT_EQ(json::parse(grader::to_gradescope(empty)).at("score"), 0);
    EXPECT_EQ(json::parse(grader::to_classroom(empty)).at("max_score"), 0);
}

}  // namespace
