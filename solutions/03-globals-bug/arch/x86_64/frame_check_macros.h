/// @file
/// For assembly: the instrument's two checkpoints, compiled in by FRAME_CHECKS. An entry stamps its frame
/// with the address space it really came from, which no kernel variable can get wrong: CR3.
#pragma once

#include <arch/x86_64/entry_stack.h>

// This is assembly.
// clang-format off

/// After the frame is complete but for its owner; RSP points to it.
.macro FRAME_CHECK_ENTRY
#ifdef FRAME_CHECKS
    pushq ENTRY_STACK                           // entry_stack
    mov %cr3, %rdi
    pushq %rdi                                  // owner_cr3
    mov %rsp, %rdi
    call check_frame_at_entry
#endif
.endm

/// Before the frame is popped; RSP points to it.
.macro FRAME_CHECK_EXIT
#ifdef FRAME_CHECKS
    mov %rsp, %rdi
    call check_frame_at_exit
    add $16, %rsp                               // owner_cr3, entry_stack
#endif
.endm
