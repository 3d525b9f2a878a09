/// @file
/// What the entry paths from ring 3 need to know about the running task: one word, in this processor's own
/// TSS.
#pragma once

#include <arch/x86_64/current.h>
#include <arch/x86_64/pcr.h>
#include <arch/x86_64/syscall_frame.h>
#include <kernel/libk/todo.h>
#include <kernel/task/task.h>

/// Tells both ways into the kernel which stack to use while `next` is in ring 3. Called by the scheduler just
/// before it switches to a user task; IF=0.
inline void publish_kernel_stack(const Task& /*next*/) {
    // TODO(lab5.2): interrupts and system calls of ring 3 find the kernel stack of `next`, in one place.
    todo("lab5.2", "nobody says on which stack a program enters the kernel");
}
/// Makes `next` the processor's current task for the entry paths, whose frames hold all else. Called with
/// each switch; IF=0.
inline void switch_entry_state(Task& /*prev*/, Task& /*next*/) {
    // TODO(lab5.2): the region names the task that runs on this processor.
    todo("lab5.2", "the region does not say which task runs");
}
/// The user's RSP of the system call that the current task is in: in the frame, as all else.
inline uint64_t user_rsp_of_current() {
    // TODO(lab5.2): the answer is that of the current task's own system call, however many others have made
    // one since.
    todo("lab5.2", "the RSP of the program that made this system call");
}
/// Chooses the RSP that `task`, which does not run, returns with from its system call, whose frame is
/// `frame`.
inline void set_user_rsp(Task& /*task*/, SyscallFrame& /*frame*/, uint64_t /*rsp*/) {
    // TODO(lab5.2): the return of that system call gives the program `rsp`.
    todo("lab5.2", "the RSP of a child");
}
