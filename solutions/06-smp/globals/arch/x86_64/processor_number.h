/// @file
/// The number of the processor that asks, for a kernel without PCRs: the local APIC knows.
#pragma once

#include <cstdint>

uint32_t processor_for_report();

/// From 0, the boot processor. Constant only while interrupts are off.
inline uint32_t processor_number() {
    return processor_for_report();
}
