/// @file
/// For assembly: the instrument's two checkpoints, compiled in by FRAME_CHECKS. Without it they are empty.
#pragma once

#include <arch/x86_64/entry_stack.h>

// This is assembly.
// clang-format off

/// After the frame is complete but for its owner; RSP points to it.
.macro FRAME_CHECK_ENTRY
#ifdef FRAME_CHECKS
    // TODO(lab3.3): behind this macro the frame must have its two lowest members as well (syscall_frame.h), which are to
    // say where this call really came from and on which stack it was told to enter; RSP must point to it, and
    // check_frame_at_entry() must have seen it. Every register of the program is in the frame already.
    call entry_check_is_missing
#endif
.endm

/// Before the frame is popped; RSP points to it.
.macro FRAME_CHECK_EXIT
#ifdef FRAME_CHECKS
    // TODO(lab3.3): behind this macro check_frame_at_exit() must have seen the frame, and RSP must point to what the next
    // pop expects.
    call exit_check_is_missing
#endif
.endm
