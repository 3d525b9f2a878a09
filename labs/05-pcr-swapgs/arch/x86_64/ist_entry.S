/// @file
/// Entries of the exceptions that have an interrupt stack (IST) of their own. They may hit ring 0 anywhere, even between
/// another entry's first instruction and its SWAPGS: CS says ring 0, and GS is still the program's. They return exactly where they
/// came from and never schedule. The frame is that of interrupt_entry.S.
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/entry_macros.h>

    .text
    .global ist_entry
ist_entry:
    // TODO(lab5.6): C++ is called with GS at the region wherever the exception hit, and what GS base was before, whatever it was, is so
    // again afterwards. One that comes from ring 3 goes on like any other interrupt of ring 3, on the task's kernel stack.
    PUSH_REGISTERS
    cld
    xor %ebp, %ebp
    mov %rsp, %rdi
    testb $3, OFFSETOF_InterruptFrame_cs(%rsp)
    jz 1f
    call move_to_task_stack
    mov %rax, %rsp
    jmp interrupt_call
1:  call interrupt_dispatch                     // chapter 4's: it believes GS
    POP_REGISTERS
    add $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
