/// @file
/// For assembly: the operand that says which stack a system call enters on.
#pragma once
// This is assembly.
// clang-format off

/// The global variable that the scheduler sets.
#define ENTRY_STACK CURRENT_KERNEL_STACK(%rip)
