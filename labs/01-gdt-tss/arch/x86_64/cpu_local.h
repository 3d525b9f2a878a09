/// @file
/// What the entry paths from ring 3 need to know about the running task: its kernel stack, which the
/// processor finds in the TSS.
#pragma once

#include <arch/x86_64/current.h>
#include <arch/x86_64/tss.h>
#include <kernel/task/task.h>

/// Tells the processor which kernel stack to enter on while `next` is in ring 3. Called by the scheduler just
/// before it switches to a user task; IF=0.
inline void publish_kernel_stack(const Task& /*next*/) {
    // TODO(lab1.6): An interrupt or exception that comes while `next` is in ring 3 finds next's kernel stack,
    // empty.
}
/// Exchanges what the entry path keeps for a task that is in the kernel: nothing, its frame holds all. IF=0.
inline void switch_entry_state(Task& /*prev*/, Task& /*next*/) {}
