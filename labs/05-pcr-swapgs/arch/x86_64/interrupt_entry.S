/// @file
/// The common way in and out of all interrupts and exceptions.
///
/// The stack on entry is that of interrupt_stubs.S: the task's kernel stack (from TSS.RSP0) if ring 3 was interrupted, the stack in use if
/// ring 0 was. With the registers pushed RSP points to an InterruptFrame.
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/entry_macros.h>

    .text
    .global interrupt_entry
interrupt_entry:
    PUSH_REGISTERS
    // TODO(lab5.3): when C++ is called, GS is the region, whoever was interrupted, and the program's GS base waits for its return.
    .global interrupt_call
interrupt_call:                                 // RSP: InterruptFrame, GS: PCR
    cld                                         // C++ expects it (System V ABI, 3.2.1); a program may have set DF
    mov %rsp, %rdi
    xor %ebp, %ebp                              // a backtrace ends here
    call interrupt_dispatch

    .global interrupt_exit
interrupt_exit:                                 // RSP: InterruptFrame. Programs that never ran start here.
    // TODO(lab5.3): ring 3 finds its own GS base, ring 0 the region. C++ may have left interrupts on: none comes between the look for
    // work and ring 3, nor while GS is the program's.
    testb $3, OFFSETOF_InterruptFrame_cs(%rsp)
    jz 1f
    mov $-KERNEL_STACK_SIZE, %rax               // chapter 4: back to ring 3: is there work first? current()->work
    and %rsp, %rax
    mov (%rax), %rax
    cmpl $0, OFFSETOF_Task_work(%rax)
    jne 2f
1:  POP_REGISTERS
    add $16, %rsp                               // vector and error code
    iretq
2:  call return_to_user_work
    jmp interrupt_exit

    .section .note.GNU-stack, "", @progbits
