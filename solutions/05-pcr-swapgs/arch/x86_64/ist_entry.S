/// @file
/// Entries of the exceptions that have an interrupt stack (IST) of their own. They may hit ring 0 anywhere, even between
/// another entry's first instruction and its SWAPGS: CS says ring 0, and GS is still the program's. So they do not believe GS:
/// the PCR's address stands at the top of each interrupt stack, which is aligned, so RSP leads to it. What GS base was before is
/// put back on the way out, whatever it was. They return exactly where they came from and never schedule.
/// Invariant: docs/invariants/interrupt-stacks.md, docs/invariants/swapgs-parity.md.
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/entry_macros.h>

    .text
    .global ist_entry
ist_entry:
    PUSH_REGISTERS
    cld
    xor %ebp, %ebp
    testb $3, OFFSETOF_InterruptFrame_cs(%rsp)
    jz 1f
    swapgs                                      // from ring 3 there is no doubt
    mov %rsp, %rdi
    call move_to_task_stack
    mov %rax, %rsp
    jmp interrupt_call

1:  mov $IA32_GS_BASE, %ecx                     // what it was is kept in callee-saved registers
    rdmsr
    mov %eax, %r12d
    mov %edx, %r13d
    mov %rsp, %rbx                              // the PCR's address: in the last 16 bytes of this stack
    or $(KERNEL_STACK_SIZE - 1), %rbx
    mov -15(%rbx), %rax
    mov %rax, %rdx
    shr $32, %rdx
    wrmsr
    mov %rsp, %rdi
    call interrupt_dispatch
    mov $IA32_GS_BASE, %ecx
    mov %r12d, %eax
    mov %r13d, %edx
    wrmsr
    POP_REGISTERS
    add $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
