/// @file
/// From a number to a function.
#pragma once

#include <array>
#include <cstdint>

#include <kernel/syscall/calls.h>

/// One more than the highest number there is an entry for.
inline constexpr uint32_t kSyscallCount = 335;

/// Every entry can be called: numbers that mean nothing lead to a function that returns -ENOSYS.
extern "C" const std::array<SystemCall*, kSyscallCount> syscall_table;
