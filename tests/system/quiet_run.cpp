/// @file
/// Runs the boots and counts.
#include <tests/system/quiet_run.h>

#include <gtest/gtest.h>

#include <iostream>
#include <thread>

#include <tests/harness/progress.h>
#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>

using harness::Machine;

namespace {

constexpr unsigned kPageFault = 14;
constexpr unsigned kTimerVector = 32;
/// However few switches a boot makes, some day it is enough.
constexpr int kMaximumFactor = 5;
/// How often run_until() looks, and how long it waits for more.
constexpr harness::Duration kLook(50);
constexpr harness::Duration kPatience(4000);

}  // namespace

void let_run(Machine& machine, harness::Duration span) {
    harness::ProcessClock clock(machine.pid());
    const auto scaled = span * harness::time_scale();
    while (clock.elapsed() < scaled && machine.running()) std::this_thread::sleep_for(harness::Duration(25));
}

uint64_t run_until(Machine& machine, uint64_t wanted, const std::function<uint64_t()>& count) {
    harness::ProgressTimer timer(machine.pid(), kPatience);
    for (uint64_t before = 0;;) {
        if (!machine.gdb().running()) machine.gdb().resume();
        let_run(machine, kLook);
        if (machine.gdb().running()) machine.gdb().interrupt();
        const uint64_t now = count();
        if (now > before) timer.progress();
        before = now;
        if (now >= wanted || testing::Test::HasFailure() || timer.expired()) return now;
    }
}

void expect_alive(Machine& machine, QuietCounts& counts) {
    ShellSession session(machine);
    EXPECT_EQ(session.run("echo still here"), "still here\n") << harness::failure_report(machine);
    if (machine.gdb().running()) machine.gdb().interrupt();
    ++counts.boots;
    counts.switches += kernel_value(machine, "context_switch_count");
    counts.kernel_ticks += kernel_value(machine, "user_task_kernel_ticks");
    const harness::IntLog log = machine.int_log();
    counts.ticks += log.with_vector(kTimerVector).size();
    for (const harness::IntEntry& entry : exceptions(log))
        EXPECT_EQ(entry.vector, kPageFault) << harness::format_entry(entry);
}

QuietCounts expect_quiet(const std::string& what, const harness::MachineOptions& options,
                         const QuietPlan& plan) {
    QuietCounts counts;
    while (counts.boots < plan.boots ||
           (counts.switches < plan.switches && counts.boots < kMaximumFactor * plan.boots)) {
        Machine machine(options);
        machine.wait_for(kPrompt);
        let_run(machine, plan.span);
        try {
            expect_alive(machine, counts);
        } catch (const harness::Timeout& timeout) {
            ADD_FAILURE() << what << ": " << timeout.what() << harness::failure_report(machine);
        }
        if (testing::Test::HasFailure()) return counts;
    }
    EXPECT_GE(counts.switches, plan.switches);
    std::cout << what << ": " << counts.boots << " boots of " << plan.span.count() << " ms without a panic; "
              << counts.switches << " switches, " << counts.ticks << " ticks, " << counts.kernel_ticks
              << " of them in ring 0 of a program" << std::endl;
    return counts;
}
