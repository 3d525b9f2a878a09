/// @file
/// SYSCALL's way in and out (Intel SDM 2B, SYSCALL and SYSRET).
/// Invariant: docs/invariants/interrupt-flag.md.
///
/// The processor has put RIP into RCX and RFLAGS into R11, loaded CS and SS from STAR, RIP from LSTAR, and cleared the flags
/// named in FMASK, IF among them. RSP is still the user's. The stack after the pushes, highest address first:
///
///     CURRENT_KERNEL_STACK ->
///     RCX  R11  number  RAX  RBX RDX RSI RDI RBP R8 R9 R10 R12 R13 R14 R15       a SyscallFrame
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/entry_stack.h>
#include <arch/x86_64/frame_check_macros.h>

    .text
    .global syscall_entry
syscall_entry:
    mov %rsp, USER_RSP_SCRATCH(%rip)
    mov ENTRY_STACK, %rsp
    pushq %rcx
    pushq %r11
    pushq %rax                                  // number
    pushq %rax
    pushq %rbx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    xor %ebp, %ebp                              // a backtrace ends here
    FRAME_CHECK_ENTRY
    mov %rsp, %rdi
    call syscall_dispatch

    .global syscall_exit
syscall_exit:                                   // RSP: SyscallFrame. The child of a fork starts here.
    mov $-KERNEL_STACK_SIZE, %rax               // is there work first? current()->work
    and %rsp, %rax
    mov (%rax), %rax
    cmpl $0, OFFSETOF_Task_work(%rax)
    jne 1f
    cli                                         // from the user's RSP on, an interrupt would push to the user's stack
    FRAME_CHECK_EXIT
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rbx
    popq %rax
    add $8, %rsp                                // number
    popq %r11
    popq %rcx
    mov USER_RSP_SCRATCH(%rip), %rsp
    sysretq
1:  call return_to_user_work
    jmp syscall_exit

    .bss
    .balign 8
    .global CURRENT_KERNEL_STACK, USER_RSP_SCRATCH
CURRENT_KERNEL_STACK: .quad 0
USER_RSP_SCRATCH: .quad 0

    .section .note.GNU-stack, "", @progbits
