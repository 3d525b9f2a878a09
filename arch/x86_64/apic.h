/// @file
/// The local APIC with its timer, and the I/O APIC that brings device interrupts to it (Intel SDM 3A, chapter
/// 10; 82093AA data sheet).
#pragma once

#include <cstdint>

/// Vectors above the exceptions.
inline constexpr uint8_t kTimerVector = 0x20;
inline constexpr uint8_t kSerialVector = 0x24;  ///< of the UART
inline constexpr uint8_t kSpuriousVector =
    0xff;  ///< the local APIC's own, for an interrupt that has gone when it is taken (Intel SDM 3A, 10.9);
           ///< gets no end of interrupt

/// Silences the 8259 pair, maps and enables this processor's local APIC and masks all I/O APIC lines. Returns
/// what went wrong in plain words, or null. Interrupts off; paging and heap up.
const char* init_apic();
/// Enables the local APIC of the processor that runs this. Interrupts off, after init_apic() has mapped it.
void enable_local_apic();
/// A register of this processor's local APIC at byte `offset` (Intel SDM 3A, table 10-1). Any context after
/// init_apic().
uint32_t local_apic_read(uint32_t offset);
/// Writes such a register. Any context after init_apic().
void local_apic_write(uint32_t offset, uint32_t value);
/// This processor's local APIC id. Any context after init_apic().
inline uint32_t local_apic_id() {
    return local_apic_read(0x20) >> 24;
}
/// Ends the interrupt being handled. IF=0.
void apic_end_of_interrupt();
/// Waits, spinning, at most 50,000. Uses the PIT: not on two processors at once. After init_apic().
void delay_microseconds(uint32_t microseconds);
/// Sends ISA interrupt line `irq` to `vector` of this processor.
void ioapic_route(uint8_t irq, uint8_t vector);
/// Starts this processor's local APIC timer at `hz` ticks a second. The first call measures its clock against
/// the PIT, which takes about 5 ms.
void apic_start_timer(uint32_t hz);
