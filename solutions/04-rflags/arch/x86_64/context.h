/// @file
/// What a task leaves on its stack when it gives up the processor.
/// Invariant: docs/invariants/rflags-at-switches.md.
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu.h>

struct Task;

/// The registers that a function call preserves (System V ABI, 3.2.1), the flags, which are the task's own as
/// well, and where to go on, lowest address first, as switch.S pushes them. Task::rsp points to it while the
/// task does not run.
struct Context {
    uint64_t r15 = 0, r14 = 0, r13 = 0, r12 = 0, rbx = 0, rbp = 0;  ///< what a called function must not lose
    uint64_t rflags = 0;                                            ///< above all IF: popped last
    uint64_t rip = 0;                                               ///< where switch_context() returns to
};

/// The Context of a task that has never run: it will start at `rip`, with every other register zero,
/// interrupts off, and no flag inherited from whoever ran before.
inline Context initial_context(uint64_t rip) {
    return {.rflags = kRFLAGS_FIXED, .rip = rip};
}

/// Saves the caller's Context on its stack and goes on with that of `next`; returns when somebody switches
/// back. On `prev`'s kernel stack, interrupts on or off.
extern "C" void switch_context(Task* prev, Task* next);
