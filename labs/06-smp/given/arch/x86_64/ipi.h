/// @file
/// Interrupts from one processor to another (Intel SDM 3A, 10.6). Any context but NMI, after
/// init_apic().
#pragma once

#include <cstdint>

/// Vectors of our own, above all devices.
inline constexpr uint8_t kRescheduleVector = 0xf0;  ///< wakes a processor that idles
inline constexpr uint8_t kTlbVector = 0xf1;         ///< asks for serve_tlb_request()

/// Sets the handlers of the vectors above. Boot processor, once.
void init_interprocessor_interrupts();
/// Interrupts processor `number`, which must be online. Any context.
void send_interrupt(uint32_t number, uint8_t vector);

/// Resets the processor with this local APIC id and leaves it waiting for send_startup().
void send_init(uint8_t apic_id);
/// Starts a processor that waits, in real mode at physical address `page` (below 1 MiB, 4 KiB aligned).
void send_startup(uint8_t apic_id, uint64_t page);
/// NMI to every processor but this one, those we do not use included.
void send_nmi_to_others();
