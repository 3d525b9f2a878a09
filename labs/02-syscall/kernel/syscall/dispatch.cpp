/// @file
/// From a frame to a system call and back.
#include <arch/x86_64/syscall_frame.h>
#include <kernel/libk/todo.h>
#include <kernel/syscall/table.h>

/// Every system call comes here from syscall_entry.S, with IF=0, on the kernel stack of the task that made
/// it.
extern "C" void syscall_dispatch(SyscallFrame* frame) {
    // TODO(lab2.5): the function of syscall_table with the number in EAX has been called with the six
    // arguments, and its result is what the program finds in RAX; a number beyond the table gives -ENOSYS.
    (void)frame;
    todo("lab2.5", "a system call has arrived, and nobody looks what it wants");
}
