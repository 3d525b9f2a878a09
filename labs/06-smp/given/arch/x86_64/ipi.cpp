/// @file
/// The local APIC's interrupt command register.
#include <arch/x86_64/apic.h>
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/ipi.h>
#include <arch/x86_64/processor.h>

namespace {

// Registers and bits (Intel SDM 3A, table 10-1 and figure 10-12).
constexpr uint32_t kCommandLow = 0x300;
constexpr uint32_t kCommandHigh = 0x310;
constexpr uint32_t kFixed = 0b000 << 8;
constexpr uint32_t kNmi = 0b100 << 8;
constexpr uint32_t kInit = 0b101 << 8;
constexpr uint32_t kStartup = 0b110 << 8;
constexpr uint32_t kPending = 1 << 12;
constexpr uint32_t kAssert = 1 << 14;
constexpr uint32_t kAllButSelf = 0b11 << 18;

/// Writing the lower half sends. Between the two halves no interrupt handler may send another.
void send(uint32_t destination, uint32_t command) {
    const uint64_t flags = irq_save();
    while (local_apic_read(kCommandLow) & kPending) cpu_relax();
    local_apic_write(kCommandHigh, destination << 24);
    local_apic_write(kCommandLow, command);
    irq_restore(flags);
}

/// The interrupt alone is enough: whatever idled looks at its queue again.
void reschedule_interrupt(InterruptFrame&) {
    apic_end_of_interrupt();
}

void tlb_interrupt(InterruptFrame&) {
    serve_tlb_request();
    apic_end_of_interrupt();
}

}  // namespace

void init_interprocessor_interrupts() {
    set_interrupt_handler(kRescheduleVector, reschedule_interrupt);
    set_interrupt_handler(kTlbVector, tlb_interrupt);
}

void send_interrupt(uint32_t number, uint8_t vector) {
    send(apic_id_of(number), kFixed | kAssert | vector);
}

void send_init(uint8_t apic_id) {
    send(apic_id, kInit | kAssert);
}

void send_startup(uint8_t apic_id, uint64_t page) {
    send(apic_id, kStartup | kAssert | static_cast<uint32_t>(page >> 12));
}

void send_nmi_to_others() {
    send(0, kNmi | kAssert | kAllButSelf);
}
