/// @file
/// Which processor kernel code that is tested on the host runs on: the test says it.
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu.h>

inline constexpr uint32_t kMaximumProcessors = 8;

/// What processor_number() returns.
inline uint32_t host_processor = 0;

inline uint32_t processor_number() {
    return host_processor;
}
