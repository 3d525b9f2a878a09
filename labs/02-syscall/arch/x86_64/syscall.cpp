/// @file
/// The model-specific registers behind SYSCALL (Intel SDM 3A, 5.8.8).
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/syscall.h>
#include <kernel/libk/todo.h>

namespace {

// In syscall_entry.S.
extern "C" void syscall_entry();

}  // namespace

void init_syscall() {
    // TODO(lab2.1): SYSCALL in ring 3 leads to syscall_entry in ring 0, with the kernel's code and data
    // segments, and SYSRET back to the user's; the flags of kSyscallFlagMask are cleared on the way in.
    (void)syscall_entry;
    todo("lab2.1", "SYSCALL is not turned on: STAR, LSTAR, FMASK and EFER are as the firmware left them");
}

/// Called by syscall_entry.S where parts of it are missing; nobody needs these two when they are written.
extern "C" [[noreturn]] void syscall_entry_missing() {
    todo("lab2.4", "a program made a system call, and its registers are not saved yet");
}
extern "C" [[noreturn]] void syscall_exit_missing() {
    todo("lab2.6", "a system call is done, and there is no way back to ring 3 yet");
}
