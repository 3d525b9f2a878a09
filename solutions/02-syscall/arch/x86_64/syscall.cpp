/// @file
/// The model-specific registers behind SYSCALL (Intel SDM 3A, 5.8.8), and the frame it leaves.
#include <arch/x86_64/context.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/frame_check.h>
#include <arch/x86_64/gdt.h>
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
    child.user_rsp = USER_RSP_SCRATCH;
}
