/// @file
/// The 256 interrupt entries and their common way in and out.
///
/// The stack on entry from ring 3 (on the task's kernel stack, from TSS.RSP0) or ring 0 (on the stack in use):
///
///     SS, RSP, RFLAGS, CS, RIP, error code      pushed by the processor (error code: some vectors only)
///     vector                                    pushed by the stub
///     RAX RBX RCX RDX RSI RDI RBP R8 … R15      pushed here; RSP now points to an InterruptFrame
///
/// GS is the program's when CS says ring 3, the PCR's when it says ring 0: one SWAPGS for each crossing, by CS and nothing else.
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/entry_macros.h>

    .text

/* One stub a vector: makes the frame uniform and says which vector it is. Vectors with an error code: 8, 10-14, 17, 21,
   29, 30 (Intel SDM 3A, table 6-1; AMD APM 2, table 8-1). */
    .balign 16
    .global interrupt_stubs
interrupt_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && vector != 29 && vector != 30
    pushq $0
    .endif
    pushq $vector
    jmp interrupt_entry
    .set vector, vector + 1
    .endr

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
    mov %gs:OFFSETOF_ProcessorControlRegion_current, %rax
    cmpl $0, OFFSETOF_Task_work(%rax)           // back to ring 3: is there work first?
    jne 2f
    cli                                         // between SWAPGS and IRETQ an interrupt would take the program's GS for the PCR
    swapgs
1:  POP_REGISTERS
    add $16, %rsp                               // vector and error code
    .global interrupt_return
interrupt_return:
    iretq
2:  call return_to_user_work
    jmp interrupt_exit

    .section .note.GNU-stack, "", @progbits
