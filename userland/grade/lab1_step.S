/// @file
/// Sets the trap flag: a debug exception comes after the next instruction.

    .text
    .globl _start
    .type _start, @function
_start:
    pushfq
    orq $0x100, (%rsp)
    popfq
    nop
    .globl lab1_stepped
lab1_stepped:
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
