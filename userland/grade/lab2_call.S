/// @file
/// One system call with every register chosen by whoever boots this as /init: the words from call_rax on are loaded, RFLAGS among them,
/// and what is found behind the instruction is put into the words from back_rax on. RSP may be anything: a system call has no business
/// on the program's stack.

    .macro WORDS prefix:req
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rflags
    .globl \prefix\()_\register
\prefix\()_\register: .quad 0x202
    .endr
    .endm

    .text
    .globl _start, call_instruction, call_return, grade_done
_start:
    pushq call_rflags
    popfq
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15
    mov call_\register, %\register
    .endr
call_instruction:
    syscall
call_return:
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15
    mov %\register, back_\register
    .endr
    mov $flags_stack_top, %esp
    pushfq
    popq back_rflags
grade_done:
    jmp grade_done

    .data
    .balign 8
    WORDS call
    WORDS back

    .balign 16
    .skip 64
flags_stack_top:

    .section .note.GNU-stack, "", @progbits
