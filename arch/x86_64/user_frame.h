/// @file
/// The frame that lies on top of the kernel stack when the kernel is about to return to a program. In the
/// tree only interrupts leave one; the chapter that brings system calls replaces this file.
#pragma once

#include <arch/x86_64/interrupt_frame.h>
#include <kernel/task/signal.h>

/// The program's registers. `room` serves where `frame` does not hold them in this form: what is changed
/// there counts only if the kernel returns from `room`. Task context.
inline InterruptFrame& user_registers(void* frame, InterruptFrame& /*room*/) {
    return *static_cast<InterruptFrame*>(frame);
}
/// Of a system call that a signal cut short: lets it be made again, or fail with EINTR when `handler`, which
/// will run first and may be null, does not have kSA_RESTART. Task context.
inline void finish_interrupted_call(void* /*frame*/, const SignalAction* /*handler*/) {}
