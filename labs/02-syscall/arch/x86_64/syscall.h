/// @file
/// Turning SYSCALL on, and what it leaves behind.
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/syscall_frame.h>

struct Task;

/// Flags that SYSCALL clears on the way in.
/// TODO(lab2.2): whatever flags a program has set, none that could do harm in the kernel is set at
/// syscall_entry.
inline constexpr uint64_t kSyscallFlagMask = 0;

/// Programs this processor's STAR, LSTAR, FMASK and EFER.SCE. Interrupts off.
void init_syscall();

/// The frame of the system call that the current task is in.
SyscallFrame& current_syscall_frame();
/// Lays out `child`'s kernel stack so that its first run returns from the current task's system call, with 0
/// in RAX, `stack` in RSP, or the caller's own RSP if that is 0, and all other registers the caller's.
void prepare_fork_return(Task& child, uint64_t stack);
