/// @file
/// The instrument's third checkpoint: an interrupt of ring 3 enters on the published stack as a system call
/// does, so it can be misled in the same way.
#pragma once

#include <arch/x86_64/interrupt_frame.h>

#ifdef FRAME_CHECKS
/// Panics, naming victim and writer, unless the interrupted program is the owner of the stack. IF=0.
void check_interrupted_program(const InterruptFrame& frame);
#endif

/// Called for every interrupt and exception before it is handled. IF=0.
inline void check_interrupt_entry([[maybe_unused]] const InterruptFrame& frame) {
#ifdef FRAME_CHECKS
    if (frame.from_user()) check_interrupted_program(frame);
#endif
}
