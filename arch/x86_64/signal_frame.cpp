/// @file
/// Entering a signal's handler, and where the kernel decides to: on its way back to a program.
#include <arch/x86_64/signal_frame.h>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/current.h>
#include <arch/x86_64/fpu.h>
#include <arch/x86_64/layout.h>
#include <arch/x86_64/user_frame.h>
#include <kernel/libk/address.h>
#include <kernel/mm/user_copy.h>
#include <kernel/task/process.h>
#include <kernel/task/task.h>

namespace {

/// uc_flags: SS is in the context, and stays what it is.
constexpr uint64_t kUC_SIGCONTEXT_SS = 2, kUC_STRICT_RESTORE_SS = 4;
/// Room that a function may use below RSP without moving it (System V ABI, 3.2.2).
constexpr uint64_t kRedZone = 128;
/// What XSAVE's image wants.
constexpr uint64_t kFpuAlignment = 64;

/// Where the frame shall lie: below what the program uses, or on the stack that it has set aside.
uint64_t frame_top(const Signals& signals, const SignalAction& action, uint64_t rsp) {
    const SignalStack& stack = signals.stack;
    const bool there_already = rsp - stack.base < stack.size;
    if (action.flags & kSA_ONSTACK && !(stack.flags & kSS_DISABLE) && !there_already)
        return stack.base + stack.size;
    return rsp - kRedZone;
}

/// Turns `registers`, with which the current task is about to return to ring 3, into those of the handler's
/// first instruction, and leaves on the program's stack what will bring them back. EFAULT when there is no
/// such stack, or no handler where a program could have one.
Result<void> enter_handler(InterruptFrame& registers, const TakenSignal& signal) {
    Task& task = *current();
    const SignalAction& action = signal.action;
    if (action.handler >= kUserLimit || !(action.flags & kSA_RESTORER)) return Errno::kEFAULT;

    const uint64_t top = frame_top(task.signals, action, registers.rsp);
    const uint64_t fpu_at = align_down(top - sizeof(FpuState), kFpuAlignment);
    // As if the handler had been called: RSP is a multiple of 16 before the return address is pushed.
    const uint64_t frame_at = align_down(fpu_at - sizeof(SignalFrame), 16) - 8;

    save_user_state(task);
    TRY_VOID(write_user(UserPtr<FpuState>{fpu_at}, task.user_state.fpu));

    SignalFrame frame{};
    frame.restorer = action.restorer;
    frame.flags = kUC_SIGCONTEXT_SS | kUC_STRICT_RESTORE_SS;
    frame.stack = task.signals.stack;
    SignalRegisters& saved = frame.registers;
    copy_general_registers(saved, registers);
    saved.rsp = registers.rsp;
    saved.rip = registers.rip;
    saved.rflags = registers.rflags;
    saved.cs = static_cast<uint16_t>(registers.cs);
    saved.ss = static_cast<uint16_t>(registers.ss);
    const SignalInfo& info = signal.info;
    saved.error = info.error;
    saved.vector = info.vector;
    saved.old_mask = signal.blocked;
    saved.cr2 = info.cr2;
    saved.fpu = fpu_at;
    frame.blocked = signal.blocked;
    frame.signal = signal.number;
    frame.code = info.code;
    if (info.pid)
        frame.details.sender = {.pid = info.pid, .uid = 0, .status = info.status};
    else
        frame.details.address = info.address;
    TRY_VOID(write_user(UserPtr<SignalFrame>{frame_at}, frame));

    registers.rdi = static_cast<uint64_t>(signal.number);
    registers.rsi = frame_at + offsetof(SignalFrame, signal);
    registers.rdx = frame_at + offsetof(SignalFrame, flags);
    registers.rax = 0;
    registers.rsp = frame_at;
    registers.rip = action.handler;
    registers.rflags &= ~(kRFLAGS_DF | kRFLAGS_TF | kRFLAGS_RF);
    return {};
}

}  // namespace

void resume_program(const InterruptFrame& registers) {
    // On this stack, wherever on it: the way out only pops.
    irq_disable();
    asm volatile("mov %0, %%rsp; jmp interrupt_exit" ::"r"(&registers) : "memory");
    __builtin_unreachable();
}

/// From return_to_user_work(): `frame` is what the kernel is about to return to a program with. The task does
/// not come back from here when a signal ends it.
extern "C" void deliver_signals(void* frame) {
    Task& task = *current();
    // In this order: a signal that comes from another processor is noted before `work`.
    __atomic_store_n(&task.work, 0, __ATOMIC_SEQ_CST);
    TakenSignal signal = take_signal();
    finish_interrupted_call(frame, signal.number ? &signal.action : nullptr);
    if (!signal.number) return;
    InterruptFrame room;
    InterruptFrame& registers = user_registers(frame, room);
    for (; signal.number; signal = take_signal())
        if (!enter_handler(registers, signal).ok()) exit_current(kSIGSEGV);
    if (&registers == &room) resume_program(room);
}
