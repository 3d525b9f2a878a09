// Executes int $0x80 through a gate that ring 3 may not use. Expected: #GP, vector 13, error code 0x402 (the
// gate's index times 8, plus 2 for "in the IDT"); QEMU 7.2 reports 0x802, the index times 16 plus 2.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    mov $-1, %eax
    int $0x80
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
