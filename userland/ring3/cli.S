// Executes cli, which needs CPL <= IOPL, and IOPL is 0. Expected: #GP, vector 13, error code 0.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    cli
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
