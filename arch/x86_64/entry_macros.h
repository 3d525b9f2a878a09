/// @file
/// For assembly: saving and restoring the general registers in the order of InterruptFrame.
#pragma once
// This is assembly.
// clang-format off

.macro PUSH_REGISTERS
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    pushq %\register
    .endr
.endm

.macro POP_REGISTERS
    .irp register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    popq %\register
    .endr
.endm
