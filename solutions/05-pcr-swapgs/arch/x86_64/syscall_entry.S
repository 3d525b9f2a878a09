/// @file
/// SYSCALL's way in and out (Intel SDM 2B, SYSCALL and SYSRET).
/// Invariant: docs/invariants/canonical-sysret.md, docs/invariants/swapgs-parity.md.
///
/// The processor has put RIP into RCX and RFLAGS into R11, loaded CS and SS from STAR, RIP from LSTAR, and cleared the flags
/// named in FMASK, IF among them. RSP and GS are still the user's. The stack is the one that interrupts use, TSS.RSP0: one word says
/// where the running task enters the kernel, so the two ways in can't disagree. The stack after the pushes, highest address first:
///
///     rsp0 ->
///     RSP  RCX  R11  RAX  RBX RDX RSI RDI RBP R8 R9 R10 R12 R13 R14 R15       a SyscallFrame
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/entry_stack.h>
#include <arch/x86_64/frame_check_macros.h>

    .text
    .global syscall_entry
syscall_entry:
    swapgs
    mov %rsp, %gs:OFFSETOF_ProcessorControlRegion_scratch_rsp
    mov ENTRY_STACK, %rsp
    pushq %gs:OFFSETOF_ProcessorControlRegion_scratch_rsp
    pushq %rcx
    pushq %r11
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
#ifdef FRAME_CHECKS
    FRAME_CHECK_ENTRY
    mov %rsp, %rdi
    call syscall_dispatch
#else
    mov %r10, %rcx                              // the fourth argument: RCX was taken by SYSCALL
    cmp $SYSCALL_COUNT, %eax                    // as in Linux the number is EAX; the upper half of RAX is ignored
    jae 3f
    mov %eax, %eax
    call *syscall_table(, %rax, 8)
    mov %rax, OFFSETOF_SyscallFrame_rax(%rsp)
#endif

    .global syscall_exit
syscall_exit:                                   // RSP: SyscallFrame. The child of a fork starts here.
    cli                                         // an interrupt after SWAPGS would take the program's GS for the PCR, and one that
                                                // brings work must not come between the look and ring 3
    mov %gs:OFFSETOF_ProcessorControlRegion_current, %rax
    cmpl $0, OFFSETOF_Task_work(%rax)           // is there work first?
    jne 1f
    mov OFFSETOF_SyscallFrame_rcx(%rsp), %rax   // SYSRET to a non-canonical address faults in ring 0 on the user's RSP,
    shr $47, %rax                               // and it can't restore TF and RF in one piece: IRETQ for those
    jnz 2f
    testl $RFLAGS_TF_RF, OFFSETOF_SyscallFrame_r11(%rsp)
    jnz 2f
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
    popq %r11
    popq %rcx
    popq %rsp
    swapgs
    .global syscall_return
syscall_return:
    sysretq

1:  call return_to_user_work
    jmp syscall_exit

2:  mov %rsp, %rsi                              // the same registers as an InterruptFrame, below this frame
    sub $INTERRUPT_FRAME_SIZE, %rsp
    mov %rsp, %rdi
    call make_interrupt_frame
    jmp interrupt_exit
#ifndef FRAME_CHECKS
3:  movq $-ENOSYS, OFFSETOF_SyscallFrame_rax(%rsp)
    jmp syscall_exit
#endif

    .section .note.GNU-stack, "", @progbits
