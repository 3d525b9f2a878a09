/// @file
/// Telling a system call's frame from an interrupt's, and making the one from the other.
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/syscall.h>
#include <arch/x86_64/user_frame.h>
#include <kernel/syscall/calls.h>
#include <kernel/syscall/table.h>

namespace {

/// SYSCALL is 0f 05.
constexpr uint64_t kSyscallLength = 2;

/// The two kinds differ in size, and begin at the top of the same stack.
SyscallFrame* as_system_call(void* frame) {
    SyscallFrame* call = &current_syscall_frame();
    return frame == call ? call : nullptr;
}

}  // namespace

InterruptFrame interrupt_frame_of(const SyscallFrame& from) {
    return program_frame(from, from.rcx, from.r11, user_rsp_of_current());
}

InterruptFrame& user_registers(void* frame, InterruptFrame& room) {
    const SyscallFrame* call = as_system_call(frame);
    if (!call) return *static_cast<InterruptFrame*>(frame);
    room = interrupt_frame_of(*call);
    return room;
}

void finish_interrupted_call(void* frame, const SignalAction* handler) {
    SyscallFrame* call = as_system_call(frame);
    if (!call) return;
    const uint64_t number = -call->rax - kInterrupted;
    if (number >= kSyscallCount) return;
    const bool always = number >= kCallClone && number <= kCallVfork;
    if (handler && !always && !(handler->flags & kSA_RESTART)) {
        call->rax = static_cast<uint64_t>(to_return(Errno::kEINTR));
    } else {
        call->rax = number;
        call->rcx -= kSyscallLength;
    }
}
