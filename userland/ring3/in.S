// Reads I/O port 0x60. Expected: #GP, vector 13, error code 0: IOPL is 0 and the TSS has no I/O bit map.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    in $0x60, %al
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
