/// @file
/// Writes down the made-up report.
#include <tests/unit/support/grader_report_sample.h>

#include <fmt/format.h>

namespace test_support {

using grader::Verdict;

std::string hostile_text(size_t length) {
    using namespace std::string_literals;
    return "<script>alert(1)</script> ]]> --> </pre></text> &amp; \" onload='x'\n"s + kForgedPoints +
           "\nin the middle ##[error]no\n\xff\xfe\xc0\x80\xed\xa0\x80 \0 \x1b[2J\x1b]0;title\x07\r\n"s +
           "\u202eright to left, \ufffe, na\u00efve\n" + std::string(length, 'A') + "\nlast words\n";
}

grader::Report sample_report(bool infrastructure_error) {
    grader::Report report;
    report.lab = 1;
    report.title = "GDT, TSS and the way into ring 3";
    report.submission = "ada <ada@example.org>";
    report.handout = "labs/01-gdt-tss/README.md";
    report.seconds = 4.25;

    grader::TestResult passed;
    passed.info = {.name = "Gdt.IsLoaded",
                   .title = "GDTR holds the kernel's own table",
                   .section = "1.2",
                   .points = 20,
                   .unit = false,
                   .needs = {},
                   .hint = "Was lgdt executed?"};
    passed.verdict = Verdict::kPass;
    passed.seconds = 0.5;

    grader::TestResult failed;
    failed.info = {.name = "Tss.HasInterruptStacks",
                   .title = "NMI, #DB, #MC and #DF have stacks of their own",
                   .section = "1.10",
                   .points = 30,
                   .unit = false,
                   .needs = {"Gdt.IsLoaded"},
                   .hint = "Is ist[n - 1] the top of the stack?"};
    failed.verdict = Verdict::kFail;
    failed.message = "vector 8: the gate names no stack\n" + hostile_text();
    failed.hint = "IST index 0 means: no stack of its own.";
    failed.seconds = 1.25;
    failed.evidence.state =
        "CPU 0, ring 0, at handle_page_fault+0x10\nRAX=0000000000000000\n" + hostile_text();
    failed.evidence.task = "on the kernel stack of " + hostile_text();
    failed.evidence.serial = "Trapline\n" + hostile_text(1'000'000);
    failed.evidence.command =
        "make grade LAB=1 TESTS='Tss.HasInterruptStacks' NONCE=0x1234\nqemu-system-x86_64";
    for (int i = 0; i < 24; i++) {
        const bool code = i % 3 == 1;
        failed.evidence.stack.push_back(
            {fmt::format("{:#x}", 0xffff800000123e80 + 8 * i),
             fmt::format("{:#018x}", code ? 0xffffffff80101234 + i : 0x10 * i),
             code ? fmt::format("trapline::handle_<page>_fault{}+{:#x}", i, i) : ""});
    }

    grader::TestResult waiting;
    waiting.info = {.name = "Tss.SurvivesDoubleFault",
                    .title = "A double fault is survived",
                    .section = "1.10",
                    .points = 25,
                    .unit = false,
                    .needs = {"Gdt.IsLoaded", "Tss.HasInterruptStacks"},
                    .hint = "Is the stack mapped?"};
    waiting.verdict = Verdict::kNotReached;
    waiting.message = "it needs Tss.HasInterruptStacks";

    grader::TestResult waiting_longer = waiting;
    waiting_longer.info.name = "Tss.NamesTheDoubleFault";
    waiting_longer.info.points = 5;
    waiting_longer.info.needs = {"Tss.SurvivesDoubleFault"};
    waiting_longer.message = "it needs Tss.SurvivesDoubleFault";

    grader::TestResult lost;
    lost.info = {.name = "Descriptor.Encodes",
                 .title = "A descriptor's base is found in its three parts",
                 .section = "1.9",
                 .points = 20,
                 .unit = true,
                 .needs = {},
                 .hint = "Bits 24 to 31 of the base lie apart."};
    lost.verdict = infrastructure_error ? Verdict::kInfrastructure : Verdict::kPass;
    if (infrastructure_error) lost.message = "can't write: is the disk full?\n" + hostile_text();
    lost.seconds = 0.125;

    report.tests = {passed, failed, waiting, waiting_longer, lost};
    return report;
}

grader::Report unbuilt_report() {
    grader::Report report = sample_report(false);
    report.build_error = "descriptors.h:12:5: error: \u2018gdt\u2019 was not declared\n" + hostile_text();
    for (grader::TestResult& test : report.tests) {
        const grader::TestInfo info = test.info;
        test = {};
        test.info = info;
        test.verdict = Verdict::kNotReached;
        test.message = "the submission was not built";
    }
    return report;
}

}  // namespace test_support
