/// @file
/// Chapter 5 is no cure for chapter 3's panic: with the processor control region, but without chapter 4's
/// switch, the panic comes as before, on one processor. Two faults, not one.
/// Checks docs/invariants/rflags-at-switches.md.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

using harness::Machine;

namespace {

/// Boots and waits for the panic, at most `limit` of silence after the prompt.
BugRun run_without_rflags(Machine& machine, harness::Duration limit) {
    const size_t prompt = machine.wait_for(kPrompt);
    const auto start = std::chrono::steady_clock::now();
    machine.wait_for("\n", prompt, limit);
    BugRun run;
    run.milliseconds =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    wait_for_halt(machine);
    if (machine.gdb().running()) machine.gdb().interrupt();
    run.registers = machine.gdb().regs();
    run.tasks = read_tasks(machine);
    run.stack_owner = task_of_stack(machine, run.registers.rsp);
    run.switches = kernel_value(machine, "context_switch_count");
    const auto delivered = exceptions(machine.int_log());
    if (!delivered.empty()) run.fault = delivered.back();
    return run;
}

TEST(PcrRflags, WithoutChapter4sSwitchThePanicIsBack) {
    REQUIRE_STATE("sol5");
    constexpr int kBoots = 10;
    BugStatistics statistics;
    for (int boot = 0; boot < kBoots; ++boot) {
        Machine machine(variant_options("rflags_unsaved", "sol5", "faults=stop"));
        try {
            const BugRun run = run_without_rflags(machine, harness::Duration(3000));
            ASSERT_EQ(differs_from_story(machine, run), "")
                << "boot " << boot << harness::failure_report(machine);
            EXPECT_LT(run.milliseconds, 3000);
            statistics.add(run);
        } catch (const harness::Timeout& timeout) {
            FAIL() << "boot " << boot << ": " << timeout.what() << harness::failure_report(machine);
        }
    }
    std::cout << "the PCR without the switch of RFLAGS: " << statistics.count() << " of " << kBoots
              << " boots ended in #UD at 0x100b9; " << statistics.describe() << std::endl;
}

}  // namespace
