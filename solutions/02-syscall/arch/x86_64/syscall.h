/// @file
/// Turning SYSCALL on, and what it leaves behind.
/// Invariant: docs/invariants/interrupt-flag.md.
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/syscall_frame.h>

struct Task;

/// Flags that SYSCALL clears on the way in. TF: or the debug exception hits the entry path. IF: or an
/// interrupt does. DF: C++ expects it clear. NT: or the next IRETQ faults. AC: or SMAP is off. IOPL, RF: ring
/// 0 has no use for them.
inline constexpr uint64_t kSyscallFlagMask =
    kRFLAGS_TF | kRFLAGS_IF | kRFLAGS_DF | kRFLAGS_IOPL | kRFLAGS_NT | kRFLAGS_RF | kRFLAGS_AC;

/// Programs this processor's STAR, LSTAR, FMASK and EFER.SCE. Interrupts off.
void init_syscall();

/// The frame of the system call that the current task is in.
SyscallFrame& current_syscall_frame();
/// Lays out `child`'s kernel stack so that its first run returns from the current task's system call, with 0
/// in RAX, `stack` in RSP, or the caller's own RSP if that is 0, and all other registers the caller's.
void prepare_fork_return(Task& child, uint64_t stack);
