// Executes ud2, an instruction that never exists. Expected: #UD, vector 6.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in int3.

    .text
    .globl _start
    .type _start, @function
_start:
    ud2
    int3
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
