/// @file
/// Init of chapter 6's grader: two programs that run for ever, init and its child.
    .text
    .globl _start, two_forked
    .type _start, @function
_start:
    mov $57, %eax                               // fork
    syscall
two_forked:
    jmp two_forked

    .section .note.GNU-stack, "", @progbits
