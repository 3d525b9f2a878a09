/// @file
/// What a system call leaves on the kernel stack.
#pragma once

#include <cstdint>

/// The registers of the program as syscall_entry pushes them, lowest address first; the last one lies right
/// below the top of the kernel stack.
struct SyscallFrame {
#ifdef FRAME_CHECKS
    uint64_t owner_cr3;    ///< address space of the task that made the call: whose frame this is
    uint64_t entry_stack;  ///< top of the kernel stack that the entry was told to use
#endif
    uint64_t r15, r14, r13, r12, r10, r9, r8;  ///< r10, r8 and r9: arguments 4 to 6
    uint64_t rbp, rdi, rsi, rdx, rbx;          ///< rdi, rsi and rdx: arguments 1 to 3
    uint64_t rax;                              ///< the number, and from the end of the call on the result
    uint64_t r11;                              ///< the program's RFLAGS: SYSCALL moves them there
    uint64_t rcx;  ///< the address after its SYSCALL instruction, where SYSRET returns
    uint64_t rsp;  ///< the program's
};
static_assert(sizeof(SyscallFrame) % 16 == 0, "the stack stays aligned for C++ (System V ABI, 3.2.2)");
