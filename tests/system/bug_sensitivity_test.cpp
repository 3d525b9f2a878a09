/// @file
/// What chapter 3's panic depends on: init's code moves it, each single ablation removes it, compilers do not
/// matter.
#include <gtest/gtest.h>

#include <iostream>

#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/quiet_run.h>
#include <tests/system/system_test.h>

using harness::Machine;

namespace {

constexpr int kShellPid = 2;
constexpr unsigned kPageFault = 14;

class BugSensitivity : public testing::Test {
  protected:
    void SetUp() override { REQUIRE_STATE("sol3"); }

    /// The first fault in the shell moves with init's yield. What the shell's bytes there do when executed is
    /// seen: from 0x100ba on they are `add %al, (%rax)` with the 0 that read() left in RAX, a page fault at
    /// address 0.
    void expect_moved(const std::string& programs, uint64_t rip) {
        constexpr int kBoots = 3;
        BugStatistics statistics;
        for (int boot = 0; boot < kBoots; ++boot) {
            Machine machine(variant_options("sol3", programs));
            const BugRun run = run_to_panic(machine);
            ASSERT_TRUE(run.fault);
            EXPECT_EQ(run.fault->vector, kPageFault) << harness::failure_report(machine);
            EXPECT_EQ(run.fault->rip, rip);
            EXPECT_EQ(run.fault->cpl, 3u);
            EXPECT_EQ(run.fault->cr3, run.task(kShellPid).cr3);
            statistics.add(run);
        }
        std::cout << programs << ": " << statistics.count() << " of " << kBoots << " boots ended in #PF at 0x"
                  << std::hex << rip << std::dec << "; " << statistics.describe() << std::endl;
    }

    /// Other ways to compile kernel and programs keep the panic.
    void expect_kept(const std::string& variant) {
        constexpr int kBoots = 4;
        BugStatistics statistics;
        for (int boot = 0; boot < kBoots; ++boot) {
            Machine machine(variant_options(variant, variant));
            const BugRun run = run_to_panic(machine);
            ASSERT_EQ(differs_from_story(machine, run), "") << variant << harness::failure_report(machine);
            statistics.add(run);
        }
        std::cout << variant << ": " << statistics.count() << " of " << kBoots
                  << " boots ended in #UD at 0x100b9; " << statistics.describe() << std::endl;
    }

    /// With this patch, and nothing else, no boot panics.
    void expect_removed(const std::string& ablation, const std::string& command_line = "",
                        harness::Duration span = harness::Duration(3000)) {
        expect_quiet(ablation, variant_options(ablation, "sol3", command_line),
                     {.boots = 10, .span = span, .switches = 100'000});
    }
};

TEST_F(BugSensitivity, PaddingMovesThePanic) {
    expect_moved("padding1", kInitReturn + 1);
    expect_moved("padding8", kInitReturn + 8);
    expect_moved("padding16", kInitReturn + 16);
}

TEST_F(BugSensitivity, OtherOptimisationsKeepIt) {
    expect_kept("O0");
    expect_kept("Os");
}

TEST_F(BugSensitivity, TheOtherCompilerKeepsIt) {
    expect_kept("other");
}

TEST_F(BugSensitivity, ScheduleWithInterruptsOffRemovesIt) {
    expect_removed("schedule_if0");
}

TEST_F(BugSensitivity, KlogdWithInterruptsOffRemovesIt) {
    expect_removed("klogd_if0");
}

TEST_F(BugSensitivity, BusyReadRemovesIt) {
    // The shell gives up the processor to ticks only, three switches for each: let there be more of them.
    expect_removed("busy_read", "hz=2000", harness::Duration(2000));
}

}  // namespace
