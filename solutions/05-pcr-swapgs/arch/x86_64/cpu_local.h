/// @file
/// What the entry paths from ring 3 need to know about the running task: one word, in this processor's own
/// TSS.
/// Invariant: docs/invariants/frame-ownership.md.
#pragma once

#include <arch/x86_64/current.h>
#include <arch/x86_64/pcr.h>
#include <arch/x86_64/syscall_frame.h>
#include <kernel/task/task.h>

/// Tells both ways into the kernel which stack to use while `next` is in ring 3. Called by the scheduler just
/// before it switches to a user task; IF=0.
inline void publish_kernel_stack(const Task& next) {
    pcr().tss.rsp0 = next.kstack_top;
}
/// Makes `next` the processor's current task for the entry paths, whose frames hold all else. Called with
/// each switch; IF=0.
inline void switch_entry_state(Task& /*prev*/, Task& next) {
    pcr().current = &next;
}
/// The user's RSP of the system call that the current task is in: in the frame, as all else.
inline uint64_t user_rsp_of_current() {
    return (reinterpret_cast<const SyscallFrame*>(current()->kstack_top) - 1)->rsp;
}
/// Chooses the RSP that `task`, which does not run, returns with from its system call, whose frame is
/// `frame`.
inline void set_user_rsp(Task& /*task*/, SyscallFrame& frame, uint64_t rsp) {
    frame.rsp = rsp;
}
