/// @file
/// The common way in and out of all interrupts and exceptions.
///
/// The stack on entry is that of interrupt_stubs.S: the task's kernel stack (from TSS.RSP0) if ring 3 was interrupted, the stack in use if
/// ring 0 was. With the registers pushed RSP points to an InterruptFrame.
///
/// GS is the program's when CS says ring 3, the PCR's when it says ring 0: one SWAPGS for each crossing, by CS and nothing else.
/// Invariant: docs/invariants/interrupt-flag.md, docs/invariants/swapgs-parity.md.
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/entry_macros.h>

    .text
    .global interrupt_entry
interrupt_entry:
    PUSH_REGISTERS
    testb $3, OFFSETOF_InterruptFrame_cs(%rsp)
    jz interrupt_call
    swapgs
    .global interrupt_call
interrupt_call:                                 // RSP: InterruptFrame, GS: PCR
    cld                                         // C++ expects it (System V ABI, 3.2.1); a program may have set DF
    mov %rsp, %rdi
    xor %ebp, %ebp                              // a backtrace ends here
    call interrupt_dispatch

    .global interrupt_exit
interrupt_exit:                                 // RSP: InterruptFrame. Programs that never ran start here.
    testb $3, OFFSETOF_InterruptFrame_cs(%rsp)
    jz 1f
    cli                                         // an interrupt after SWAPGS would take the program's GS for the PCR, and one that
                                                // brings work must not come between the look and ring 3
    mov %gs:OFFSETOF_ProcessorControlRegion_current, %rax
    cmpl $0, OFFSETOF_Task_work(%rax)           // back to ring 3: is there work first?
    jne 2f
    swapgs
1:  POP_REGISTERS
    add $16, %rsp                               // vector and error code
    .global interrupt_return
interrupt_return:
    iretq
2:  call return_to_user_work
    jmp interrupt_exit

    .section .note.GNU-stack, "", @progbits
