/// @file
/// switch_context(prev in RDI, next in RSI): an ordinary function call that returns on another task's stack.
///
/// The Context it leaves on prev's stack, highest address first:
///
///     return address (pushed by the call), RBP, RBX, R12, R13, R14, R15
///
/// This is chapter 3's switch: what it leaves out, the next task inherits from the one before it.
///
/// TODO(lab4.1): prev's flags are saved with the rest of it, as they were when it called; from the moment at which its stack
/// pointer is stored until next has its own flags again, no interrupt is let in.
///
/// TODO(lab4.2): next goes on with the flags that it had when it called; they take effect when its registers, stack and page
/// tables are back, and nothing but the return is left to do.
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/switch_hook.h>

    .text
    .global switch_context
switch_context:
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
    PREV_HAS_STOPPED                            // nothing before chapter 6; it needs RDI. Leave it here
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

    .section .note.GNU-stack, "", @progbits
