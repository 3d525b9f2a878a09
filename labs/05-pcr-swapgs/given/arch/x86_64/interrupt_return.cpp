/// @file
/// Returning from a system call as from an interrupt, where SYSRET won't do.
/// Invariant: docs/invariants/canonical-sysret.md.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/interrupt_frame.h>
#include <arch/x86_64/layout.h>
#include <arch/x86_64/syscall_frame.h>
#include <kernel/task/task.h>

namespace {

/// Flags that a program may set for itself, as POPF in ring 3 lets it.
constexpr uint64_t kUserFlags =
    kRFLAGS_ARITHMETIC | kRFLAGS_TF | kRFLAGS_DF | kRFLAGS_NT | kRFLAGS_RF | kRFLAGS_AC | kRFLAGS_ID;

}  // namespace

/// From syscall_exit: the registers of `from` in the form that IRETQ can return from. An address that no
/// program can run at makes IRETQ, like SYSRET, fault in ring 0 with the program's GS: it ends the program
/// instead, at the check for work that comes next.
extern "C" void make_interrupt_frame(InterruptFrame* to, const SyscallFrame* from) {
    if (from->rcx >= kUserLimit) force_signal(*current(), kSIGSEGV);
    *to = {
        .r15 = from->r15,
        .r14 = from->r14,
        .r13 = from->r13,
        .r12 = from->r12,
        .r11 = from->r11,
        .r10 = from->r10,
        .r9 = from->r9,
        .r8 = from->r8,
        .rbp = from->rbp,
        .rdi = from->rdi,
        .rsi = from->rsi,
        .rdx = from->rdx,
        .rcx = from->rcx,
        .rbx = from->rbx,
        .rax = from->rax,
        .vector = 0,
        .error = 0,
        .rip = from->rcx,
        .cs = kUserCode,
        .rflags = (from->r11 & kUserFlags) | kRFLAGS_FIXED | kRFLAGS_IF,
        .rsp = from->rsp,
        .ss = kUserData,
    };
}
