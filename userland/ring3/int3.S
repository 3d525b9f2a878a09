// Executes int3, the one exception that ring 3 may raise on purpose. Expected: #BP, vector 3.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    int3
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
