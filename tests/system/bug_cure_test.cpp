/// @file
/// Chapter 4's cure: the same programs and the same globals, and the panic never comes.
/// Checks docs/invariants/rflags-at-switches.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>

#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/quiet_run.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

using harness::Duration;
using harness::Machine;

namespace {

class BugCure : public SystemTest {
  protected:
    void SetUp() override { REQUIRE_STATE("sol4"); }
};

TEST_F(BugCure, QuickTwoBoots) {
    const QuietCounts counts = expect_quiet("sol4", bug_options("sol4"), {.boots = 2, .span = Duration(700)});
    EXPECT_EQ(counts.kernel_ticks, 0u);
    EXPECT_GT(counts.ticks, 0u);
}

// In 200 boots of chapter 3's kernel the latest panic came 105 ms after the prompt.
TEST_F(BugCure, AMillionYieldsInFiftyBoots) {
    const QuietCounts counts = expect_quiet("sol4", bug_options("sol4"),
                                            {.boots = 50, .span = Duration(300), .switches = 1'000'000});
    EXPECT_EQ(counts.kernel_ticks, 0u);
    EXPECT_GT(counts.ticks, 0u);
}

TEST_F(BugCure, ThroughGrub) {
    const QuietCounts counts =
        expect_quiet("sol4 through GRUB", state_options("sol4", harness::BootPath::kGrubBios),
                     {.boots = 3, .span = Duration(1500)});
    EXPECT_EQ(counts.kernel_ticks, 0u);
}

// Each byte typed is an interrupt in which the kernel prints the echo, and `yes` fills the ring that klogd
// empties.
TEST_F(BugCure, UnderAFloodOfInputAndOutput) {
    harness::MachineOptions options = bug_options("sol4");
    options.serial_cap = 256u << 20;
    start(options);
    QuietCounts counts;
    {
        ShellSession shell(machine());
        const size_t output = shell.start("yes trapline");
        harness::ProcessClock clock(machine().pid());
        while (clock.elapsed() < Duration(4000)) {
            machine().send("the quick brown fox jumps over the lazy dog ");
            let_run(machine(), Duration(5));
        }
        EXPECT_GT(machine().serial_position(), output + 10'000);
        machine().send(kControlC);
        shell.finish();
    }
    const std::string mark = "flood-is-over";
    machine().send(std::string(kControlC) + "\recho " + mark + "\r");
    machine().wait_for("\n" + mark, machine().serial_position() - 1);
    if (machine().gdb().running()) machine().gdb().interrupt();
    counts.switches = kernel_value(machine(), "context_switch_count");
    counts.kernel_ticks = kernel_value(machine(), "user_task_kernel_ticks");
    EXPECT_EQ(counts.kernel_ticks, 0u);
    for (const harness::IntEntry& entry : exceptions(machine().int_log()))
        EXPECT_EQ(entry.vector, 14u) << harness::format_entry(entry);
    std::cout << "sol4, flooded: " << machine().serial_typed() << " bytes typed, "
              << machine().serial_position() << " printed, " << counts.switches << " switches, "
              << counts.kernel_ticks << " ticks in ring 0 of a program" << std::endl;
}

TEST_F(BugCure, TestProgramsPass) {
    // Some of them make children fault on purpose.
    boot("sol4", "faults=kill");
    ShellSession shell(machine());
    int programs = 0;
    for (const auto& entry : std::filesystem::directory_iterator(built_file("sol4", "programs/tests"))) {
        const std::string name = entry.path().filename();
        if (name == "spin") continue;  // never ends
        const std::string output = shell.run("/tests/" + name, Duration(60'000));
        EXPECT_TRUE(output.ends_with(name + ": ok\n")) << output;
        ++programs;
    }
    EXPECT_GE(programs, 8);
    if (machine().gdb().running()) machine().gdb().interrupt();
    EXPECT_EQ(kernel_value(machine(), "user_task_kernel_ticks"), 0u);
}

// With faults=kill the kernel outlives what programs do; by default it stops, since a fault is then its own.
TEST_F(BugCure, FaultPolicyIsChosenOnTheCommandLine) {
    boot("sol4", "faults=kill");
    {
        ShellSession shell(machine());
        int programs = 0;
        for (const auto& entry : std::filesystem::directory_iterator(built_file("sol4", "programs/ring3"))) {
            const std::string name = entry.path().filename();
            if (name == "hello") continue;  // the one that ends well
            SCOPED_TRACE(name);
            const size_t before = exceptions(machine().int_log()).size();
            shell.run("/ring3/" + name);
            EXPECT_GT(exceptions(machine().int_log()).size(), before);
            ++programs;
        }
        EXPECT_GE(programs, 10);
        EXPECT_EQ(shell.run("echo alive"), "alive\n");
    }
    boot("sol4");
    ShellSession shell(machine());
    shell.start("/ring3/ud2");
    wait_for_halt(machine());
    EXPECT_EQ(exceptions(machine().int_log()).back().vector, 6u);
    EXPECT_EQ(exceptions(machine().int_log()).back().cpl, 3u);
}

}  // namespace
