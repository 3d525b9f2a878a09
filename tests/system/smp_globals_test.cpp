/// @file
/// The demonstration of chapter 6: chapter 4's kernel, cured on one processor, breaks on two. Programs whose
/// entry into the kernel goes by two words in memory return with one another's addresses.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>

#include <fmt/format.h>

#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using harness::Machine;

constexpr unsigned kNmi = 2;
constexpr int kBoots = 10;
/// So long after the prompt it must have happened.
constexpr harness::Duration kLimit(5'000);

/// What became of one boot.
struct Outcome {
    std::string what;  ///< empty: nothing went wrong
    double milliseconds = 0;
    bool at_init_return = false;  ///< the fault was at the address after init's yield
};

/// True when the shell still answers and init still collects its children.
bool still_works(Machine& machine, size_t from) {
    try {
        machine.send("echo ali''ve\r");
        machine.wait_for("alive", from, harness::Duration(2'000));
        return true;
    } catch (const harness::Timeout&) {
        return false;
    }
}

Outcome watch(Machine& machine) {
    Outcome outcome;
    const size_t prompt = machine.wait_for(kPrompt);
    const auto start = std::chrono::steady_clock::now();
    try {
        machine.wait_for("\n", prompt, kLimit);
        outcome.milliseconds =
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
        wait_for_halt(machine);
    } catch (const harness::Timeout&) {
        // No report: a task may have been lost without a sound.
        if (still_works(machine, prompt)) return outcome;
        outcome.what = "no progress";
        return outcome;
    }
    // The log and not the report says what happened. Page faults that the kernel mends come all the time:
    // the last exception is the one that stopped it, but for the NMI that it stopped the other processor by.
    auto delivered = exceptions(machine.int_log());
    std::erase_if(delivered, [](const harness::IntEntry& entry) { return entry.vector == kNmi; });
    if (delivered.empty()) return outcome;
    const harness::IntEntry& fault = delivered.back();
    outcome.what = fmt::format("vector {} at {:#x} in ring {}", fault.vector, fault.rip, fault.cpl);
    outcome.at_init_return = fault.rip == kInitReturn && fault.cpl == 3;
    return outcome;
}

TEST(SmpGlobals, ChapterFourBreaksOnTwoProcessors) {
    if (!has_state("sol4") || !has_state("sol6"))
        GTEST_SKIP() << "chapters 4 and 6 are not both in this tree";
    std::map<std::string, int> seen;
    std::vector<double> times;
    int broken = 0, at_init_return = 0;
    for (int boot = 0; boot < kBoots; ++boot) {
        harness::MachineOptions options = state_options("sol4+smp");
        options.cpus = 2;
        Machine machine(options);
        const Outcome outcome = watch(machine);
        if (outcome.what.empty()) {
            ADD_FAILURE() << "boot " << boot << " still works\n" << harness::failure_report(machine);
            continue;
        }
        ++broken;
        ++seen[outcome.what];
        at_init_return += outcome.at_init_return;
        if (outcome.milliseconds > 0) times.push_back(outcome.milliseconds);
    }
    std::sort(times.begin(), times.end());
    std::cout << "chapter 4 on two processors: " << broken << " of " << kBoots << " boots broke, "
              << at_init_return << " at init's return address";
    if (!times.empty())
        std::cout << fmt::format("; ms after the prompt: median {:.0f}, longest {:.0f}",
                                 times[times.size() / 2], times.back());
    std::cout << '\n';
    for (const auto& [what, count] : seen) std::cout << "  " << count << " times " << what << '\n';
    EXPECT_EQ(broken, kBoots);
    EXPECT_GE(at_init_return, 1) << "the signature of chapter 3 was not among them";
}

/// The same programs, and some that work harder, on the kernel that has a PCR for each processor.
class SmpPrograms : public SystemTest, public testing::WithParamInterface<int> {};

TEST_P(SmpPrograms, ChapterSixDoesNot) {
    REQUIRE_STATE("sol6");
    harness::MachineOptions options = state_options("sol6");
    options.cpus = GetParam();
    ShellSession shell(start(options));
    for (const char* name : {"yieldtest", "pipetest", "forktest", "regs", "filetest"}) {
        const std::string output =
            shell.run(fmt::format("/tests/spin & /tests/{}", name), harness::Duration(60'000));
        EXPECT_TRUE(output.ends_with(fmt::format("{}: ok\n", name))) << output;
    }
    if (machine().gdb().running()) machine().gdb().interrupt();
    EXPECT_EQ(kernel_value(machine(), "user_task_kernel_ticks"), 0u);
    std::cout << "chapter 6 on " << GetParam()
              << " processors: " << kernel_value(machine(), "context_switch_count") << " switches\n";
}

INSTANTIATE_TEST_SUITE_P(, SmpPrograms, testing::Values(2, 3, 8), testing::PrintToStringParamName());

}  // namespace
