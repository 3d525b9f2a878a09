/// @file
/// Boots that must not panic: they run for a while, answer at the prompt, and show what they have counted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <tests/harness/machine.h>

/// How long to look.
struct QuietPlan {
    int boots = 10;
    harness::Duration span{3000};  ///< a boot, in time that QEMU could have used
    uint64_t switches = 0;         ///< more boots than that until there were so many switches together
};

/// What was counted, in all boots together.
struct QuietCounts {
    int boots = 0;
    uint64_t switches = 0;      ///< context_switch_count
    uint64_t kernel_ticks = 0;  ///< user_task_kernel_ticks
    uint64_t ticks = 0;         ///< interrupts of the timer, by QEMU's log
};

/// Boots `options` as planned. Each boot shows the prompt, runs for the span, and answers a command then; no
/// exception but page faults comes. Adds GoogleTest failures otherwise. Prints the counts.
QuietCounts expect_quiet(const std::string& what, const harness::MachineOptions& options,
                         const QuietPlan& plan);

/// The end of one such boot: the shell must answer, and no exception but page faults may have come. Leaves
/// the guest stopped. Adds to `counts`.
void expect_alive(harness::Machine& machine, QuietCounts& counts);

/// Lets the guest run, and stops it again and again to ask `count`, until that is at least `wanted`. Gives up
/// when it has not grown for longer than any machine needs to boot, or when `count` adds a failure. Returns
/// the last count, and leaves the guest stopped.
uint64_t run_until(harness::Machine& machine, uint64_t wanted, const std::function<uint64_t()>& count);

/// Lets QEMU run for `span`, longer on slow machines, not counting the time in which it waited for a
/// processor; less when it ends.
void let_run(harness::Machine& machine, harness::Duration span);
