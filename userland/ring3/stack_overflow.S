// Pushes until the stack ends. Expected: #PF, vector 14, error code 6 (user, write, not present), CR2 just below
// the lowest page of the stack.
/// @file
/// Linked without the user library: chapter 1 has no system call.

    .text
    .globl _start
    .type _start, @function
_start:
1:
    push %rax
    jmp 1b
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
