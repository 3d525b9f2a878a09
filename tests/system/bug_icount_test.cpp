/// @file
/// Chapter 3's panic under -icount: a run that panicked is repeated, instruction for instruction, by the
/// printed line.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include <tests/harness/report.h>
#include <tests/harness/text.h>
#include <tests/system/bug_run.h>
#include <tests/system/system_test.h>

using harness::Machine;
using harness::MachineOptions;

namespace {

constexpr int kShift = 3;
/// Runs of one build and shift are all the same, and some never panic. The tick rate is the seed that makes
/// another run of it: ticks then fall elsewhere.
constexpr int kSeeds[] = {1000, 999, 998, 997, 996, 995, 994, 993, 992, 991};

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

MachineOptions icount_options(int hz) {
    MachineOptions options = bug_options("sol3", fmt::format("panic=exit hz={}", hz));
    options.icount_shift = kShift;
    return options;
}

/// True when the machine ended in a panic soon.
bool panics(Machine& machine) {
    try {
        return machine.wait_exit(kPanicLimit).kind == harness::ExitStatus::Kind::kDebugExit;
    } catch (const harness::Timeout&) {
        return false;
    }
}

class BugIcount : public testing::Test {
  protected:
    void SetUp() override { REQUIRE_STATE("sol3"); }
};

TEST_F(BugIcount, QuickARunIsRepeatedByItsLine) {
    // Both runs keep QEMU's log: every register at every exception and interrupt.
    const harness::TempFolder folder;
    for (const int hz : kSeeds) {
        MachineOptions options = icount_options(hz);
        options.int_log = false;
        const std::string first = folder / fmt::format("first.{}", hz).c_str();
        options.extra = {"-d", "int", "-D", first};
        Machine machine(options);
        if (!panics(machine)) continue;
        const harness::IntLog log = harness::IntLog::read(first);
        ASSERT_FALSE(log.entries().empty());
        EXPECT_EQ(log.entries().back().vector, 6u);
        EXPECT_EQ(log.entries().back().rip, kInitReturn);

        // The line as a person would use it, but for the name of the log.
        const std::string second = folder / "second";
        std::string line = machine.reproduction();
        const size_t name = line.find(first);
        ASSERT_NE(name, std::string::npos) << line;
        line.replace(name, first.size(), second);
        ASSERT_NE(std::system(("timeout -k 1 60 " + line + " </dev/null >/dev/null 2>&1").c_str()), -1);
        EXPECT_EQ(content_of(second), content_of(first)) << line;
        std::cout << "icount, shift " << kShift << ", hz=" << hz << ": " << log.entries().size()
                  << " exceptions and interrupts, the last at 0x100b9, repeated exactly by\n  " << line
                  << std::endl;
        return;
    }
    FAIL() << "none of the seeds panics";
}

TEST_F(BugIcount, SeedsVaryTheRun) {
    std::set<std::string> runs;
    std::string summary;
    for (const int hz : kSeeds) {
        Machine machine(icount_options(hz));
        const bool panicked = panics(machine);
        const auto log = machine.int_log();
        summary += fmt::format(" {}:{}", hz, panicked ? std::to_string(log.entries().size()) : "none");
        if (panicked)
            runs.insert(harness::format_entry(log.entries().end()[-2]) +
                        std::to_string(log.entries().size()));
    }
    std::cout << "icount, shift " << kShift << ", interrupts until the panic by tick rate:" << summary
              << std::endl;
    EXPECT_GE(runs.size(), 3u);
}

}  // namespace
