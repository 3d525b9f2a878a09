// Divides by zero. Expected: #DE, vector 0.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    xor %edx, %edx
    mov $1, %eax
    xor %ecx, %ecx
    div %ecx
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
