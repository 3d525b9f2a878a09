// Reads address 0. Expected: #PF, vector 14, error code 4 (user, read, not present), CR2 = 0.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    xor %eax, %eax
    mov (%rax), %rax
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
