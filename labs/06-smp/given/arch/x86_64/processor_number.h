/// @file
/// The number of the processor that asks.
#pragma once

#include <cstddef>
#include <cstdint>

#include <arch/x86_64/pcr.h>

/// From 0, the boot processor. Constant only while interrupts are off: a task may be moved otherwise.
inline uint32_t processor_number() {
    uint32_t number;
    asm volatile("mov %%gs:%c1, %0" : "=r"(number) : "i"(offsetof(ProcessorControlRegion, cpu)));
    return number;
}
