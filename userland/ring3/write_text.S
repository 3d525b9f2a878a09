// Writes to its own code. Expected: #PF, vector 14, error code 7 (user, write, protection), CR2 = _start.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    movb $0x90, _start
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
