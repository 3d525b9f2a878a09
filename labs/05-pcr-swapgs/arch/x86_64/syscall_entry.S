/// @file
/// SYSCALL's way in and out (Intel SDM 2B, SYSCALL and SYSRET).
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
    // TODO(lab5.4): C++ is called with GS at the region, on the kernel stack that the region's TSS names, and with all of the program's
    // registers in the frame, RSP among them. Nothing on the way is a variable that another task or processor shares.
    lea todo_stack_end(%rip), %rsp              // until then: say so, on a stack that is nobody's
    xor %ebp, %ebp
    lea todo_text(%rip), %rdi
    xor %eax, %eax
    call _Z5panicPKcz                           // panic(const char*, ...)

    pushq %rcx                                  // chapter 4's, from here on
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
    FRAME_CHECK_ENTRY
    mov %rsp, %rdi
    call syscall_dispatch

    .global syscall_exit
syscall_exit:                                   // RSP: SyscallFrame. The child of a fork starts here.
    // TODO(lab5.5): the program gets back all of its registers, RSP and GS base among them. C++ may have left interrupts on: none comes
    // between the look for work and ring 3. Where SYSRET can't return without harm, make_interrupt_frame() and interrupt_exit do.
    mov $-KERNEL_STACK_SIZE, %rax               // is there work first? current()->work
    and %rsp, %rax
    mov (%rax), %rax
    cmpl $0, OFFSETOF_Task_work(%rax)
    jne 1f
    cli
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
    sysretq
1:  call return_to_user_work
    jmp syscall_exit

    .section .rodata
todo_text:
    .asciz "TODO(lab5.4): the way in of a system call. See section 5.4 of the handout, labs/05-*/README.md"

    .bss
    .balign 16
    .skip 4096
todo_stack_end:

    .section .note.GNU-stack, "", @progbits
