/// @file
/// Where every program begins: as a C library's crt1 does it, with a call through the global offset table.

    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    xor %ebp, %ebp                  // ends the chain of frame pointers for debuggers
    mov %rsp, %rdi                  // where argc lies
    cld
    call *start_main_slot(%rip)
    ud2                             // start_main does not return
    .size _start, . - _start

    .section .got, "aw", @progbits
    .align 8
start_main_slot:
    .quad start_main

    .section .note.GNU-stack, "", @progbits
