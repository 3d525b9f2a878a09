/// @file
/// For assembly: what syscall_entry does with a frame beyond building it. Nothing yet.
#pragma once
// This is assembly.
// clang-format off

/// After the frame is complete; RSP points to it.
.macro FRAME_CHECK_ENTRY
.endm

/// Before the frame is popped; RSP points to it.
.macro FRAME_CHECK_EXIT
.endm
