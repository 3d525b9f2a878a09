/// @file
/// The 256 interrupt entries and their common way in and out.
///
/// The stack on entry from ring 3 (on the task's kernel stack, from TSS.RSP0) or ring 0 (on the stack in use):
///
///     SS, RSP, RFLAGS, CS, RIP, error code      pushed by the processor (error code: some vectors only)
///     vector                                    pushed by the stub
///     RAX RBX RCX RDX RSI RDI RBP R8 … R15      pushed here; RSP now points to an InterruptFrame
#include <asm_offsets.h>

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
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld                                         // C++ expects it (System V ABI, 3.2.1); a program may have set DF
    mov %rsp, %rdi
    xor %ebp, %ebp                              // a backtrace ends here and goes on from the frame
    call interrupt_dispatch

    .global interrupt_exit
interrupt_exit:                                 // RSP: InterruptFrame. Tasks that never ran start here.
    testb $3, OFFSETOF_InterruptFrame_cs(%rsp)
    jz 1f
    mov $-KERNEL_STACK_SIZE, %rax               // back to ring 3: is there work first? current()->work
    and %rsp, %rax
    mov (%rax), %rax
    cmpl $0, OFFSETOF_Task_work(%rax)
    jne 2f
1:  popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    add $16, %rsp                               // vector and error code
    iretq
2:  call return_to_user_work
    jmp interrupt_exit

    .section .note.GNU-stack, "", @progbits
