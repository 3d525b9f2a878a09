/// @file
/// The instrument of chapter 3: a system-call frame knows its owner, and entry and exit ask it. Built by
/// FRAME_CHECKS; without it nothing is left of it in the kernel.
///
/// The invariant: a frame lies at the top of the kernel stack of the very task that made the call. Three
/// witnesses must agree: CR3 (who is really running), current() (whose stack RSP stands on) and the frame's
/// own stamp.
/// Invariant: docs/invariants/frame-ownership.md.
#pragma once

#include <arch/x86_64/syscall_frame.h>
#include <kernel/task/task.h>

/// Makes `task` the owner of a frame that was copied from another task. `task` has not run yet.
inline void set_frame_owner([[maybe_unused]] SyscallFrame& frame, [[maybe_unused]] const Task& task) {
#ifdef FRAME_CHECKS
    frame.owner_cr3 = task.cr3;
    frame.entry_stack = task.kstack_top;
#endif
}

#ifdef FRAME_CHECKS
/// Panics, naming victim and writer, unless the frame just built stands on its maker's own stack. From
/// syscall_entry, IF=0.
extern "C" void check_frame_at_entry(const SyscallFrame* frame);
/// Panics unless the frame about to be used is that of the running task. From syscall_exit, IF=0.
extern "C" void check_frame_at_exit(const SyscallFrame* frame);
#endif
