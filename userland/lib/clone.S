/// @file
/// clone(2) for C++: its child comes back on another stack, where there is nothing to return to.

    .text
    .globl clone
    .type clone, @function
clone:                              // RDI: flags, RSI: top of the stack, RDX: body, RCX: argument, R8: FS base
    and $-16, %rsi
    sub $16, %rsi                   // the child finds on its stack what it is to do
    mov %rdx, 0(%rsi)
    mov %rcx, 8(%rsi)
    xor %edx, %edx                  // where the caller's and the child's ids would be stored
    xor %r10d, %r10d
    mov $56, %eax                   // clone
    syscall
    test %rax, %rax
    jz 1f
    ret
1:  xor %ebp, %ebp                  // ends the chain of frame pointers for debuggers
    pop %rax
    pop %rdi
    call *%rax
    xor %edi, %edi
    mov $231, %eax                  // exit_group
    syscall
    ud2                             // exit_group does not return
    .size clone, . - clone

    .section .note.GNU-stack, "", @progbits
