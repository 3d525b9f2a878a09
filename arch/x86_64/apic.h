/// @file
/// The local APIC with its timer, and the I/O APIC that brings device interrupts to it (Intel SDM 3A, chapter
/// 11; 82093AA data sheet).
#pragma once

#include <cstdint>

/// Vectors above the exceptions.
inline constexpr uint8_t kTimerVector = 0x20;
inline constexpr uint8_t kSerialVector = 0x24;
inline constexpr uint8_t kSpuriousVector = 0xff;

/// Silences the 8259 pair, maps and enables this processor's local APIC and masks all I/O APIC lines. Returns
/// what went wrong in plain words, or null. Interrupts off; paging and heap up.
const char* init_apic();
/// Ends the interrupt being handled. IF=0.
void apic_end_of_interrupt();
/// Sends ISA interrupt line `irq` to `vector` of this processor.
void ioapic_route(uint8_t irq, uint8_t vector);
/// Measures the local APIC timer's clock against the PIT and starts it at `hz` ticks a second. Takes about 5
/// ms.
void apic_start_timer(uint32_t hz);
