/// @file
/// Computes the digest of grade_digest_round() in ring 3, with its state on the stack and numbers of its own in all
/// other registers, and ends in a fault. The grader sets the variables and looks on from outside.

    .text
    .globl _start
    .type _start, @function
_start:
    mov lab1_nonce, %rax
    mov lab1_rounds, %rcx
    lea 3(%rax), %rbx                           // register number n holds nonce + n
    lea 5(%rax), %rbp
    lea 6(%rax), %rsi
    lea 7(%rax), %rdi
    lea 8(%rax), %r8
    lea 9(%rax), %r9
    lea 10(%rax), %r10
    lea 11(%rax), %r11
    lea 12(%rax), %r12
    lea 13(%rax), %r13
    lea 14(%rax), %r14
    lea 15(%rax), %r15
    .globl lab1_round
lab1_round:
    mov %rax, %rdx
    shl $13, %rdx
    xor %rdx, %rax
    push %rax                                   // what is on the program's stack is the program's
    mov %rax, %rdx
    shr $7, %rdx
    xor %rdx, (%rsp)
    pop %rax
    mov %rax, %rdx
    shl $17, %rdx
    xor %rdx, %rax
    mov $0x2545f4914f6cdd1d, %rdx
    imul %rdx, %rax
    dec %rcx
    jnz lab1_round
    mov %rax, lab1_result
    .globl grade_done
grade_done:
    ud2
    .size _start, . - _start

    .data
    .globl lab1_nonce, lab1_rounds, lab1_result
    .balign 8
lab1_nonce:     .quad 1
lab1_rounds:    .quad 1
lab1_result:    .quad 0

    .section .note.GNU-stack, "", @progbits
