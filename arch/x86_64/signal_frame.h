/// @file
/// What the kernel leaves on a program's stack for a signal's handler, as Linux on x86_64 has it (struct
/// rt_sigframe): programs' libraries know the layout.
#pragma once

#include <array>
#include <cstdint>

#include <arch/x86_64/interrupt_frame.h>
#include <kernel/task/signal.h>

/// struct sigcontext: the registers of the program where the signal interrupted it.
struct SignalRegisters {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;  ///< general registers
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx;     ///< the rest of them
    uint64_t rsp, rip, rflags;                      ///< where it was interrupted, and its stack then
    uint16_t cs, gs, fs, ss;                        ///< selectors; told, and ignored on return
    uint64_t error, vector, old_mask, cr2;          ///< of a fault
    uint64_t fpu;                                   ///< address of the FpuState; 0: none
    std::array<uint64_t, 8> reserved;               ///< unused
};
static_assert(sizeof(SignalRegisters) == 256);

/// struct rt_sigframe. When the handler returns, by `restorer`, RSP is at the second member.
struct SignalFrame {
    uint64_t restorer;          ///< the handler's return address; makes the call rt_sigreturn(2)
    uint64_t flags, link;       ///< ucontext_t begins here
    SignalStack stack;          ///< as sigaltstack(2) tells it
    SignalRegisters registers;  ///< what rt_sigreturn(2) restores
    SignalSet blocked;          ///< that too
    int32_t signal, error_number, code, padding;  ///< siginfo_t begins here
    union {
        struct {
            int32_t pid;                 ///< the sender, or the child that ended
            uint32_t uid;                ///< always 0
            int32_t status;              ///< of the child
        } sender;                        ///< of a signal that was sent
        uint64_t address;                ///< of a fault
        std::array<uint64_t, 14> space;  ///< all of it
    } details;                           ///< the rest of siginfo_t
};
static_assert(sizeof(SignalFrame) == 8 + 304 + 128);

/// Leaves the kernel for good: the current task goes on in ring 3 with these registers; RIP and the selectors
/// must be a program's. Task context; no lock held, and destructors on the stack never run.
[[noreturn]] void resume_program(const InterruptFrame& registers);
