/// @file
/// What the entry paths from ring 3 need to know about the running task. Interrupts find its kernel stack in
/// the TSS; SYSCALL changes no stack at all, so its entry finds it in a variable.
/// Invariant: docs/invariants/frame-ownership.md.
#pragma once

#include <arch/x86_64/current.h>
#include <arch/x86_64/tss.h>
#include <kernel/task/task.h>

struct SyscallFrame;

extern "C" {
/// Top of the running program's kernel stack: where syscall_entry begins to push.
extern uint64_t CURRENT_KERNEL_STACK;
/// The running program's RSP while it is in a system call.
extern uint64_t USER_RSP_SCRATCH;
}

/// Tells both ways into the kernel which stack to use while `next` is in ring 3. Called by the scheduler just
/// before it switches to a user task; IF=0.
inline void publish_kernel_stack(const Task& next) {
    CURRENT_KERNEL_STACK = tss.rsp0 = next.kstack_top;
}
/// Exchanges the user's RSP: a task that gives up the processor in a system call finds its own when it
/// returns. Called with each switch; IF=0.
inline void switch_entry_state(Task& prev, Task& next) {
    prev.user_rsp = USER_RSP_SCRATCH;
    USER_RSP_SCRATCH = next.user_rsp;
}
/// The user's RSP of the system call that the current task is in. IF=0.
inline uint64_t user_rsp_of_current() {
    return USER_RSP_SCRATCH;
}
/// Chooses the RSP that `task`, which does not run, returns with from its system call, whose frame is
/// `frame`.
inline void set_user_rsp(Task& task, SyscallFrame& /*frame*/, uint64_t rsp) {
    task.user_rsp = rsp;
}
