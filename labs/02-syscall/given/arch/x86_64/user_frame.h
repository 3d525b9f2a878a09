/// @file
/// The frame that lies on top of the kernel stack when the kernel is about to return to a program: an
/// interrupt's or a system call's.
#pragma once

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/interrupt_frame.h>
#include <kernel/task/signal.h>

struct SyscallFrame;

/// The program's registers. `room` serves where `frame` does not hold them in this form: what is changed
/// there counts only if the kernel returns from `room`. Task context.
InterruptFrame& user_registers(void* frame, InterruptFrame& room);
/// Of a system call that a signal cut short: lets it be made again, or fail with EINTR when `handler`, which
/// will run first and may be null, does not have kSA_RESTART. Task context.
void finish_interrupted_call(void* frame, const SignalAction* handler);
/// A frame from which IRETQ goes on in ring 3: these registers, the flags as far as POPF would give them to a
/// program, and the selectors that every program has. Any context.
template <class Registers>
InterruptFrame program_frame(const Registers& general, uint64_t rip, uint64_t rflags, uint64_t rsp) {
    InterruptFrame frame{};
    copy_general_registers(frame, general);
    frame.rip = rip;
    frame.cs = kUserCode;
    frame.rflags = (rflags & kRFLAGS_USER) | kRFLAGS_FIXED | kRFLAGS_IF;
    frame.rsp = rsp;
    frame.ss = kUserData;
    return frame;
}
/// The registers of a system call in the form that IRETQ can return from. Task context.
InterruptFrame interrupt_frame_of(const SyscallFrame& from);
