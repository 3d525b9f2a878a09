// Reads the kernel's half of the addresses. Expected: #PF, vector 14, error code 5 where the kernel is mapped
// (user, read, protection) or 4 where nothing is, CR2 = 0xffffffff80100000.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    mov $0xffffffff80100000, %rax
    mov (%rax), %rax
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
