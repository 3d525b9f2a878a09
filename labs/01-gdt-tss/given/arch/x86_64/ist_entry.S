/// @file
/// Entries of the exceptions that have an interrupt stack (IST) of their own. They may hit ring 0 anywhere, so they
/// return exactly where they came from and never schedule. The frame is that of interrupt_entry.S.
/// Invariant: docs/invariants/interrupt-stacks.md.
#include <arch/x86_64/entry_macros.h>
#include <arch/x86_64/asm_offsets.h>

    .text
    .global ist_entry
ist_entry:
    PUSH_REGISTERS
    cld
    xor %ebp, %ebp
    mov %rsp, %rdi
    testb $3, OFFSETOF_InterruptFrame_cs(%rsp)
    jz 1f
    call move_to_task_stack
    mov %rax, %rsp
    jmp interrupt_call
1:  call interrupt_dispatch
    POP_REGISTERS
    add $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
