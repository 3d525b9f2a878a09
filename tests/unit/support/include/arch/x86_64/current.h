/// @file
/// The current task of kernel code that is tested on the host. Found in place of the real header, which reads
/// RSP.
#pragma once

#include <cstdint>

struct Task;

/// As in the kernel.
inline constexpr uint64_t kKernelStackSize = 16 * 1024;

/// `host_task()` of `<tests/unit/support/host_kernel.h>`.
Task* current();
