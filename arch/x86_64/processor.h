/// @file
/// Which processor this is, and the others. The kernel uses just the boot processor until the SMP chapter
/// replaces this file.
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu.h>
#include <kernel/boot/boot_info.h>

/// As many processors as the kernel can use.
inline constexpr uint32_t kMaximumProcessors = 1;

/// The number of the processor that asks, from 0, the boot processor. Constant only while interrupts are off.
inline uint32_t processor_number() {
    return 0;
}
/// The same for a report of a panic, when nothing the kernel keeps about processors may be believed.
/// Any context.
inline uint32_t processor_for_report() {
    return 0;
}

/// Learns from the firmware's tables which processors there are. Boot, while the loader's memory can be read.
inline void note_processors(uint64_t /*rsdp*/, PhysicalReader /*reader*/) {}
/// Starts the other processors, with timers of `hz` ticks a second. Boot task; devices are up.
inline void start_processors(uint32_t /*hz*/) {}
/// One turn of a loop that waits for another processor. Any context but NMI.
inline void spin_once() {
    cpu_relax();
}
/// Stops the other processors for good, wherever they are: for a panic and for turning the machine off.
/// IF=0.
inline void stop_other_processors() {}
/// True when another processor has called stop_other_processors(). Any context, NMI above all.
inline bool told_to_stop() {
    return false;
}
