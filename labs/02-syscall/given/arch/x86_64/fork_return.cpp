/// @file
/// How the child of a fork returns: from a copy of its parent's system call.
#include <arch/x86_64/context.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/frame_check.h>
#include <arch/x86_64/syscall.h>

namespace {

/// In syscall_entry.S.
extern "C" void syscall_exit();

}  // namespace

SyscallFrame& current_syscall_frame() {
    return *(reinterpret_cast<SyscallFrame*>(current()->kstack_top) - 1);
}

void prepare_fork_return(Task& child, uint64_t stack) {
    auto* frame = reinterpret_cast<SyscallFrame*>(child.kstack_top) - 1;
    *frame = current_syscall_frame();
    frame->rax = 0;
    set_frame_owner(*frame, child);
    auto* context = reinterpret_cast<Context*>(frame) - 1;
    *context = initial_context(reinterpret_cast<uint64_t>(syscall_exit));
    child.rsp = reinterpret_cast<uint64_t>(context);
    set_user_rsp(child, *frame, stack ? stack : user_rsp_of_current());
}
