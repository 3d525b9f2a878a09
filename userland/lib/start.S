/// @file
/// Where every program begins.

    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    xor %ebp, %ebp                  // ends the chain of frame pointers for debuggers
    mov %rsp, %rdi                  // where argc lies
    call start_main                 // does not return
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
