/// @file
/// What the entry paths from ring 3 need to know about the running task. The chapters that build those paths
/// replace this file; the tree has no ring 3, so there is nothing to know.
#pragma once

#include <arch/x86_64/current.h>

/// Tells the processor which kernel stack to enter on while `next` is in ring 3. Called by the scheduler just
/// before it switches to a user task; IF=0.
inline void publish_kernel_stack(const Task& /*next*/) {}
/// Exchanges what the entry path keeps for a task that is in the kernel. Called with each switch; IF=0.
inline void switch_entry_state(Task& /*prev*/, Task& /*next*/) {}
