/// @file
/// Which processor this is, and the others. Processors have numbers from 0, the boot processor, in the order
/// in which they were started; the hardware knows them by their local APIC ids.
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/processor_number.h>
#include <arch/x86_64/tlb_shootdown.h>
#include <kernel/boot/boot_info.h>

/// As many processors as the kernel can use.
inline constexpr uint32_t kMaximumProcessors = 8;

/// The number for a report of a panic, when nothing the kernel keeps on the processor may be believed: the
/// local APIC knows. Any context.
uint32_t processor_for_report();

/// Learns from the firmware's tables which processors there are. Boot, while the loader's memory can be read.
void note_processors(uint64_t rsdp, PhysicalReader reader);
/// Starts the other processors, with timers of `hz` ticks a second. One that does not answer is reported and
/// left out. Boot task; devices are up.
void start_processors(uint32_t hz);
/// Bit n: processor n takes part. Bits are only ever added. Any context.
uint32_t online_processors();
/// The local APIC id of processor `number`, which must have been started. Any context.
uint8_t apic_id_of(uint32_t number);

/// One turn of a loop that waits for another processor. IF=0.
inline void spin_once() {
    cpu_relax();
    serve_tlb_request();
}

/// Stops the other processors for good, wherever they are: for a panic and for turning the machine off.
/// IF=0.
void stop_other_processors();
/// True when another processor has called stop_other_processors(). Any context, NMI above all.
bool told_to_stop();
