/// @file
/// The model-specific registers behind SYSCALL (Intel SDM 3A, 5.8.8).
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/syscall.h>

namespace {

// In syscall_entry.S.
extern "C" void syscall_entry();

}  // namespace

void init_syscall() {
    wrmsr(kIA32_STAR, uint64_t{kUserBase} << 48 | uint64_t{kKernelCode} << 32);
    wrmsr(kIA32_LSTAR, reinterpret_cast<uint64_t>(syscall_entry));
    wrmsr(kIA32_FMASK, kSyscallFlagMask);
    wrmsr(kIA32_EFER, rdmsr(kIA32_EFER) | kEFER_SCE);
}
