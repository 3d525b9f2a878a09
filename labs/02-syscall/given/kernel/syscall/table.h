/// @file
/// From a number to a function.
#pragma once

#include <array>

#include <kernel/syscall/calls.h>

/// Every entry can be called: numbers that mean nothing lead to a function that returns -ENOSYS.
extern "C" const std::array<SystemCall*, kSyscallCount> syscall_table;
