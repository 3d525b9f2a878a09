// Tries to raise IOPL with popf, which is ignored without a fault, and then reads port 0x60. Expected: #GP,
// vector 13, error code 0, at the in instruction.
/// @file
/// Linked without the user library: chapter 1 has no system call. Anything but the exception named above ends
/// in ud2.

    .text
    .globl _start
    .type _start, @function
_start:
    pushfq
    orq $0x3000, (%rsp)
    popfq
    in $0x60, %al
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
