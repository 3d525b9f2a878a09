/// @file
/// From the stack that the kernel laid out to main() and back. The kernel leaves argc at RSP, then the arguments, a null, the environment, a
/// null; all of it above RSP, so that the stack below is free.

    .text
    .globl start_main
    .type start_main, @function
start_main:                         // RDI: where argc lies
    mov %rdi, %rdx
    mov (%rdx), %rdi                // argc
    lea 8(%rdx), %rsi               // argv
    lea 8(%rsi, %rdi, 8), %rax      // envp: behind argv's terminating null
    mov %rax, environ(%rip)
    and $-16, %rsp                  // the ABI wants RSP 16-byte aligned before a call
    call main
    mov %eax, %edi                  // main's result is the exit status
    mov $231, %eax                  // exit_group
    syscall
    ud2                             // exit_group does not return
    .size start_main, . - start_main

    .bss
    .globl environ
    .align 8
environ:
    .skip 8
    .size environ, 8

    .section .note.GNU-stack, "", @progbits
