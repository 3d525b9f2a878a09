/// @file
/// From a frame to a system call and back.
#include <arch/x86_64/syscall_frame.h>
#include <kernel/syscall/table.h>

/// Every system call comes here from syscall_entry.S, with IF=0, on the kernel stack of the task that made
/// it.
extern "C" void syscall_dispatch(SyscallFrame* frame) {
    // As in Linux the number is EAX; the upper half of RAX is ignored.
    const auto number = static_cast<uint32_t>(frame->rax);
    if (number >= kSyscallCount) {
        frame->rax = static_cast<uint64_t>(to_return(Errno::kENOSYS));
        return;
    }
    frame->rax = static_cast<uint64_t>(
        syscall_table[number](frame->rdi, frame->rsi, frame->rdx, frame->r10, frame->r8, frame->r9));
}
