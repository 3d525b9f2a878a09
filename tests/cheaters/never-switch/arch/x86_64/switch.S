/// @file
/// A cheater's: it switches nothing, so nothing can go wrong in it.
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/switch_hook.h>

    .text
    .global switch_context
switch_context:
    ret

    .section .note.GNU-stack, "", @progbits
