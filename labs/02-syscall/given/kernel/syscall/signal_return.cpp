/// @file
/// rt_sigreturn(2): the way back from a signal's handler.
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/fpu.h>
#include <arch/x86_64/layout.h>
#include <arch/x86_64/signal_frame.h>
#include <arch/x86_64/user_frame.h>
#include <kernel/mm/user_copy.h>
#include <kernel/syscall/calls.h>
#include <kernel/task/process.h>
#include <kernel/task/task.h>

namespace {

/// What lies on the program's stack is the program's: nothing of it is believed. It gets the flags that POPF
/// would give it, the selectors that every program has, and an address that a program can run at.
Result<InterruptFrame> read_registers(uint64_t frame_at) {
    Task& task = *current();
    const auto frame = TRY(read_user(UserPtr<const SignalFrame>{frame_at}));
    const SignalRegisters& registers = frame.registers;
    if (registers.rip >= kUserLimit) return Errno::kEFAULT;
    save_user_state(task);
    TRY_VOID(restore_fpu(task.user_state.fpu, UserPtr<const void>{registers.fpu}));
    load_user_state(task);
    block_signals(frame.blocked);
    task.signals.stack = frame.stack;
    return program_frame(registers, registers.rip, registers.rflags, registers.rsp);
}

}  // namespace

CallResult sys_rt_sigreturn(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    // The handler's RET has popped the first word of the frame.
    auto registers = read_registers(user_rsp_of_current() - sizeof(SignalFrame::restorer));
    if (!registers.ok()) exit_current(kSIGSEGV);
    resume_program(registers.value());
}
