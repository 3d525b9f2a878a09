/// @file
/// Whose stack this is.
/// Invariant: docs/invariants/frame-ownership.md.
#pragma once

#include <cstdint>

struct Task;

/// Size of a kernel stack in bytes; stacks are aligned to it.
inline constexpr uint64_t kKernelStackSize = 16 * 1024;

/// The task whose kernel stack this code runs on; null on the boot stack and on interrupt stacks (IST). The
/// owner's address stands at the base of every kernel stack, and stacks are aligned to their size, so RSP is
/// all it takes.
inline Task* current() {
    uint64_t rsp;
    asm volatile("mov %%rsp, %0" : "=r"(rsp));
    return *reinterpret_cast<Task**>(rsp & ~(kKernelStackSize - 1));
}
