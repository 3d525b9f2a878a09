// Reads a non-canonical address. Expected: #GP, vector 13, error code 0, and CR2 untouched.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    mov $0x0000800000000000, %rax
    mov (%rax), %rax
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
