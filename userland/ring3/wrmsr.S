// Writes the model-specific register IA32_LSTAR. Expected: #GP, vector 13, error code 0.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    mov $0xc0000082, %ecx
    xor %eax, %eax
    xor %edx, %edx
    wrmsr
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
