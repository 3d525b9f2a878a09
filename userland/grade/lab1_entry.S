/// @file
/// Faults at its very first instruction.

    .text
    .globl _start
    .type _start, @function
_start:
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
