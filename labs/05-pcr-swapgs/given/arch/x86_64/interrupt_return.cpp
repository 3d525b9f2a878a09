/// @file
/// Returning from a system call as from an interrupt, where SYSRET won't do.
/// Invariant: docs/invariants/canonical-sysret.md.
#include <arch/x86_64/current.h>
#include <arch/x86_64/layout.h>
#include <arch/x86_64/syscall_frame.h>
#include <arch/x86_64/user_frame.h>
#include <kernel/task/task.h>

/// From syscall_exit: the registers of `from` in the form that IRETQ can return from. An address that no
/// program can run at makes IRETQ, like SYSRET, fault in ring 0 with the program's GS: it ends the program
/// instead, at the check for work that comes next.
extern "C" void make_interrupt_frame(InterruptFrame* to, const SyscallFrame* from) {
    if (from->rcx >= kUserLimit) condemn(*current(), kSIGSEGV);
    *to = interrupt_frame_of(*from);
}
