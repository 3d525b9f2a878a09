/// @file
/// Kernel stacks: aligned to their size, with an unmapped guard of the same size below each.
#pragma once

#include <cstdint>

#include <kernel/libk/address.h>
#include <kernel/libk/result.h>

struct Task;

/// A mapped stack whose base word names `owner` (null for interrupt stacks), or ENOMEM. Returns the first
/// address above it. Any task context.
Result<VirtAddr> allocate_kernel_stack(Task* owner);
/// Gives back the stack whose top is `top`. Nobody may be running on it. Task context.
void free_kernel_stack(VirtAddr top);
/// Lowest address of the stack that would hold `address` or whose guard does; 0 when it is no kernel stack's.
/// Any context.
uint64_t kernel_stack_base(uint64_t address);
