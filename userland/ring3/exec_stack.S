// Jumps to its stack. Expected: #PF, vector 14, error code 0x15 (user, instruction fetch, protection), CR2 and
// RIP in the stack. Were the stack executable, the byte put there would raise #BP instead.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    movb $0xcc, -64(%rsp)
    lea -64(%rsp), %rax
    jmp *%rax
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
