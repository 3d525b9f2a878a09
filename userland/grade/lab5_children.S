/// @file
/// /init of chapter 5's grader: children made by fork() and clone(), each of which does one thing that the way out of a system call must
/// stand. Two of the processes compute a digest and look after their bases, while they yield to each other.
///
///     child 1    computes, with bases of its own; ends with status 7
///     child 2    by clone(), on a stack that the grader has chosen; ends with status 8
///     child 3    steps itself across a system call by TF, if children_step says so, and is killed by SIGTRAP; else ends with status 10
///     child 4    makes a system call that the grader meddles with; ends with status 9

    .set SYS_sched_yield, 24
    .set SYS_getpid, 39
    .set SYS_clone, 56
    .set SYS_fork, 57
    .set SYS_wait4, 61
    .set SYS_arch_prctl, 158
    .set SYS_exit_group, 231
    .set SIGCHLD, 17
    .set ARCH_SET_GS, 0x1001
    .set ARCH_SET_FS, 0x1002
    .set TF, 0x100

    .macro SYSTEM_CALL number
    mov $\number, %eax
    syscall
    .endm
    .macro EXIT status
    mov $\status, %edi
    SYSTEM_CALL SYS_exit_group
    .endm

    .text
    .globl _start
    .type _start, @function
_start:
    mov $stack_end, %rsp
    lea children_parent, %r12
    call set_bases

    SYSTEM_CALL SYS_fork
    .globl children_forked
children_forked:
    test %rax, %rax
    jz child_1

    mov $SIGCHLD, %edi
    mov children_stack, %rsi
    xor %edx, %edx
    xor %r10d, %r10d
    xor %r8d, %r8d
    SYSTEM_CALL SYS_clone
    .globl children_cloned
children_cloned:
    test %rax, %rax
    jz child_2

    SYSTEM_CALL SYS_fork
    test %rax, %rax
    jz child_3
    SYSTEM_CALL SYS_fork
    test %rax, %rax
    jz child_4

    call compute
    mov $4, %ebx
1:  mov $-1, %rdi                               // wait4(-1, &status, 0, 0): they end in any order
    lea status(%rip), %rsi
    xor %edx, %edx
    xor %r10d, %r10d
    SYSTEM_CALL SYS_wait4
    test %rax, %rax
    js 2f
    cmp $16, %rax
    jae 2f
    mov status, %ecx
    mov %rcx, children_status(, %rax, 8)        // pid 1 is this program, and its children come next
    dec %ebx
    jnz 1b
2:
    .globl children_done
children_done:
    jmp children_done

child_1:
    lea children_child, %r12
    call set_bases
    call compute
    .globl children_child_done
children_child_done:
    EXIT 7

child_2:
    EXIT 8

child_3:
    mov $SYS_getpid, %eax
    cmpq $0, children_step
    je 1f
    pushfq
    orq $TF, (%rsp)
    popfq                                       // traps after the next instruction
1:  syscall
    .globl children_tf_return, children_tf_trap
children_tf_return:
    nop
children_tf_trap:
    EXIT 10

child_4:
    mov $SYS_getpid, %eax
    .globl children_victim_call, children_victim_return
children_victim_call:
    syscall
children_victim_return:
    EXIT 9

// R12: a block of numbers as below.
set_bases:
    mov $ARCH_SET_FS, %edi
    mov 0(%r12), %rsi
    SYSTEM_CALL SYS_arch_prctl
    mov $ARCH_SET_GS, %edi
    mov 8(%r12), %rsi
    SYSTEM_CALL SYS_arch_prctl
    ret

compute:
    mov $0x2545f4914f6cdd1d, %r13
    mov 16(%r12), %rbx
    mov children_rounds, %r14
1:  mov %rbx, %rax                              // a round of grade_digest()
    shl $13, %rax
    xor %rax, %rbx
    mov %rbx, %rax
    shr $7, %rax
    xor %rax, %rbx
    mov %rbx, %rax
    shl $17, %rax
    xor %rax, %rbx
    imul %r13, %rbx
    test $15, %r14b
    jnz 2f
    SYSTEM_CALL SYS_sched_yield
2:  rdfsbase %rax
    cmp %rax, 0(%r12)
    jne 3f
    rdgsbase %rax
    cmp %rax, 8(%r12)
    je 4f
3:  incq 32(%r12)
4:  dec %r14
    jnz 1b
    mov %rbx, 24(%r12)
    ret

    .data
    .balign 8
// FS base, GS base, nonce; then what comes out: the digest, and how often a base was another one.
    .globl children_parent, children_child
    .globl children_parent_fs, children_parent_gs, children_parent_nonce, children_parent_digest, children_parent_bad
    .globl children_child_fs, children_child_gs, children_child_nonce, children_child_digest, children_child_bad
children_parent:
children_parent_fs:     .quad 0x111000
children_parent_gs:     .quad 0x222000
children_parent_nonce:  .quad 1
children_parent_digest: .quad 0
children_parent_bad:    .quad 0
children_child:
children_child_fs:      .quad 0x333000
children_child_gs:      .quad 0x444000
children_child_nonce:   .quad 2
children_child_digest:  .quad 0
children_child_bad:     .quad 0
    .globl children_stack, children_rounds, children_step
children_stack:  .quad 0x5550
children_rounds: .quad 1000
children_step:   .quad 0

    .bss
    .balign 16
    .globl children_status                      // by pid, as wait4() gives them; 0 while unknown
children_status: .skip 16 * 8
status:          .skip 8
    .balign 16
    .skip 1024
stack_end:

    .section .note.GNU-stack, "", @progbits
