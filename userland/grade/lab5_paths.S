/// @file
/// /init of chapter 5's grader: goes through the ways into the kernel and out of it, with the grader's numbers in all registers and in
/// the bases of FS and GS, and counts what it does not find again. Names and numbers are for the tests that stop it at its labels.

    .set SYS_mmap, 9
    .set SYS_munmap, 11
    .set SYS_clock_gettime, 228
    .set STATUS_FLAGS, 0x8d5                    // CF PF AF ZF SF OF: what an addition changes

// The registers but for RAX and RSP, in the order of paths_in.
    .macro EACH_REGISTER what
    \what rbx, 8
    \what rcx, 16
    \what rdx, 24
    \what rsi, 32
    \what rdi, 40
    \what rbp, 48
    \what r8, 64
    \what r9, 72
    \what r10, 80
    \what r11, 88
    \what r12, 96
    \what r13, 104
    \what r14, 112
    \what r15, 120
    .endm
    .macro LOAD register, offset
    mov paths_in + \offset, %\register
    .endm
    .macro STORE register, offset
    mov %\register, paths_out + \offset
    .endm
    .macro LOAD_REGISTERS
    pushq paths_rflags
    popfq
    EACH_REGISTER LOAD
    mov paths_rax, %rax
    mov paths_rsp, %rsp
    .endm
    .macro STORE_REGISTERS
    mov %rax, paths_out
    mov %rsp, paths_out + 56
    EACH_REGISTER STORE
    mov $stack_end, %rsp
    pushfq
    popq paths_out + 128
    cld
    .endm

// Counts a difference unless \a, a register, is \b.
    .macro EXPECT a, b
    cmp \b, \a
    je 9f
    incq paths_bad
9:
    .endm

    .text
    .globl _start
    .type _start, @function
_start:
    mov paths_fs_base, %rax
    wrfsbase %rax
    mov paths_gs_base, %rax
    wrgsbase %rax
    .globl paths_first_touch, paths_first_touched, paths_first_spin
paths_first_touch:
    movq $1, -0x8000(%rsp)                      // the stack appears page by page
paths_first_touched:
    mov paths_first_spins, %rcx
paths_first_spin:
    dec %rcx
    jnz paths_first_spin

    mov $stack_end, %rsp
round:
    LOAD_REGISTERS
    .globl paths_call, paths_return
paths_call:
    syscall
paths_return:
    STORE_REGISTERS
    mov $paths_return, %rax                     // SYSCALL takes RCX and R11 for itself
    EXPECT %rax, paths_out + 16
    mov paths_rflags, %rax
    EXPECT %rax, paths_out + 88
    EXPECT %rax, paths_out + 128
    mov paths_out + 16, %rax
    mov paths_in + 16, %rbx
    mov %rbx, paths_out + 16
    mov paths_in + 88, %rbx
    mov %rbx, paths_out + 88
    call compare_registers
    mov %rax, paths_out + 16

    mov $SYS_mmap, %eax                         // two pages that are not there until they are touched
    xor %edi, %edi
    mov $8192, %esi
    mov $3, %edx                                // PROT_READ | PROT_WRITE
    mov $0x22, %r10d                            // MAP_PRIVATE | MAP_ANONYMOUS
    mov $-1, %r8
    xor %r9d, %r9d
    syscall
    mov %rax, pages

    mov pages, %rdi
    .globl paths_touch, paths_touched
paths_touch:
    movq $1, (%rdi)                             // a page fault in ring 3
paths_touched:
    mov $SYS_clock_gettime, %eax                // and one in ring 0
    mov $1, %edi                                // CLOCK_MONOTONIC
    mov pages, %rsi
    add $4096, %rsi
    .globl paths_copy, paths_copied
paths_copy:
    syscall
paths_copied:
    xor %ebx, %ebx
    EXPECT %rbx, %rax

    mov $SYS_munmap, %eax
    mov pages, %rdi
    mov $8192, %esi
    syscall
    xor %ebx, %ebx
    EXPECT %rbx, %rax

    mov paths_spins, %rax
    mov %rax, spins_left
    LOAD_REGISTERS
    .globl paths_spin
paths_spin:
    decq spins_left
    jnz paths_spin
    STORE_REGISTERS
    mov paths_out, %rax
    EXPECT %rax, paths_rax
    mov paths_out + 128, %rax                   // the loop changes some
    xor paths_rflags, %rax
    and $~STATUS_FLAGS, %rax
    xor %ebx, %ebx
    EXPECT %rbx, %rax
    call compare_registers

    rdfsbase %rax
    EXPECT %rax, paths_fs_base
    rdgsbase %rax
    EXPECT %rax, paths_gs_base

    incq paths_rounds_done
    decq paths_rounds
    jnz round
    .globl paths_done
paths_done:
    jmp paths_done

// Compares paths_out with paths_in, but for RAX and the flags. Keeps RAX.
compare_registers:
    mov $15, %ecx
1:  mov paths_in(, %rcx, 8), %rdx
    EXPECT %rdx, "paths_out(, %rcx, 8)"
    dec %ecx
    jnz 1b
    ret

    .data
    .balign 8
    .globl paths_fs_base, paths_gs_base, paths_first_spins, paths_rounds, paths_spins
paths_fs_base:     .quad 0x111000
paths_gs_base:     .quad 0x222000
paths_first_spins: .quad 1
paths_rounds:      .quad 1 << 40                // for ever, unless a test says otherwise
paths_spins:       .quad 100
// What the registers hold at the system call.
    .globl paths_in, paths_rax, paths_rbx, paths_rcx, paths_rdx, paths_rsi, paths_rdi, paths_rbp, paths_rsp
    .globl paths_r8, paths_r9, paths_r10, paths_r11, paths_r12, paths_r13, paths_r14, paths_r15, paths_rflags
paths_in:
paths_rax:    .quad 39                          // getpid()
paths_rbx:    .quad 1
paths_rcx:    .quad 2
paths_rdx:    .quad 3
paths_rsi:    .quad 4
paths_rdi:    .quad 5
paths_rbp:    .quad 6
paths_rsp:    .quad 7
paths_r8:     .quad 8
paths_r9:     .quad 9
paths_r10:    .quad 10
paths_r11:    .quad 11
paths_r12:    .quad 12
paths_r13:    .quad 13
paths_r14:    .quad 14
paths_r15:    .quad 15
paths_rflags: .quad 0x202

    .bss
    .balign 16
// How many things were not as they should be, and how many rounds there were.
    .globl paths_bad, paths_rounds_done, paths_out
paths_bad:         .skip 8
paths_rounds_done: .skip 8
// What the registers held afterwards, in the order of paths_in.
paths_out:         .skip 17 * 8
pages:             .skip 8
spins_left:        .skip 8
    .balign 16
    .skip 1024
stack_end:

    .section .note.GNU-stack, "", @progbits
