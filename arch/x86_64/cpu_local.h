/// @file
/// What this processor is doing: whose stack it stands on. Chapters that enter the kernel from ring 3 replace
/// this file to say where the entry paths find their stack.
#pragma once

#include <cstdint>

struct Task;

/// The task whose kernel stack this code runs on; null on the boot stack. The owner's address stands at the
/// base of every kernel stack, and stacks are aligned to their size, so RSP is all it takes. Not on an
/// interrupt stack of its own (IST).
inline Task* current() {
    uint64_t rsp;
    asm volatile("mov %%rsp, %0" : "=r"(rsp));
    return *reinterpret_cast<Task**>(rsp & ~uint64_t{16 * 1024 - 1});
}

/// Tells the processor which kernel stack to enter on when `next` is interrupted in ring 3. Called by the
/// scheduler just before it switches to a user task; IF=0. The tree has no ring 3.
inline void publish_kernel_stack(const Task& /*next*/) {}
/// Exchanges what the entry path keeps for a task while it is in the kernel. Called with each switch; IF=0.
inline void switch_entry_state(Task& /*prev*/, const Task& /*next*/) {}
