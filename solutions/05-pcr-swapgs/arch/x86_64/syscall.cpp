/// @file
/// The model-specific registers behind SYSCALL (Intel SDM 3A, 5.8.8), and the frame it leaves.
#include <arch/x86_64/context.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/frame_check.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/interrupt_frame.h>
#include <arch/x86_64/syscall.h>

namespace {

// In syscall_entry.S.
extern "C" void syscall_entry();
extern "C" void syscall_exit();

}  // namespace

void init_syscall() {
    wrmsr(kIA32_STAR, uint64_t{kUserBase} << 48 | uint64_t{kKernelCode} << 32);
    wrmsr(kIA32_LSTAR, reinterpret_cast<uint64_t>(syscall_entry));
    wrmsr(kIA32_FMASK, kSyscallFlagMask);
    wrmsr(kIA32_EFER, rdmsr(kIA32_EFER) | kEFER_SCE);
}

SyscallFrame& current_syscall_frame() {
    return *(reinterpret_cast<SyscallFrame*>(current()->kstack_top) - 1);
}

void prepare_fork_return(Task& child) {
    auto* frame = reinterpret_cast<SyscallFrame*>(child.kstack_top) - 1;
    *frame = current_syscall_frame();
    frame->rax = 0;
    set_frame_owner(*frame, child);
    auto* context = reinterpret_cast<Context*>(frame) - 1;
    *context = initial_context(reinterpret_cast<uint64_t>(syscall_exit));
    child.rsp = reinterpret_cast<uint64_t>(context);
}

/// Flags that a program may set for itself, as POPF in ring 3 lets it.
constexpr uint64_t kUserFlags =
    kRFLAGS_ARITHMETIC | kRFLAGS_TF | kRFLAGS_DF | kRFLAGS_NT | kRFLAGS_RF | kRFLAGS_AC | kRFLAGS_ID;

/// From syscall_exit: the registers of `frame` in the form that IRETQ can return from.
extern "C" void make_interrupt_frame(InterruptFrame* to, const SyscallFrame* from) {
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
