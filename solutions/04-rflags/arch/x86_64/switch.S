/// @file
/// switch_context(prev in RDI, next in RSI): an ordinary function call that returns on another task's stack, with that task's
/// flags.
///
/// The Context it leaves on prev's stack, highest address first:
///
///     return address (pushed by the call), RFLAGS, RBP, RBX, R12, R13, R14, R15
/// Invariant: docs/invariants/rflags-at-switches.md.
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/switch_hook.h>

    .text
    .global switch_context
switch_context:
    pushfq                                      // IF, AC and the others are prev's own: it gets them back
    cli                                         // between the two tasks nobody may interrupt
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    mov %rsp, OFFSETOF_Task_rsp(%rdi)
    mov OFFSETOF_Task_rsp(%rsi), %rsp           // from here on this is next's stack
    mov OFFSETOF_Task_cr3(%rsi), %rax
    mov %rax, %cr3                              // the kernel's half is the same in every address space
    PREV_HAS_STOPPED
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    popfq                                       // last: with IF the next tick may come at once
    ret

    .section .note.GNU-stack, "", @progbits
