/// @file
/// The messages that make a processor start (Intel SDM 3A, 8.4.4).
#include <arch/x86_64/apic.h>
#include <arch/x86_64/ipi.h>
#include <arch/x86_64/processor.h>
#include <arch/x86_64/processor_start.h>

namespace {

bool is_online(uint32_t number) {
    return (online_processors() & 1u << number) != 0;
}

/// Waits up to `milliseconds` for processor `number` to come online.
bool wait_for(uint32_t number, int milliseconds) {
    for (int i = 0; i < milliseconds && !is_online(number); i++) delay_microseconds(1000);
    return is_online(number);
}

}  // namespace

bool wake_processor(uint8_t apic_id, uint32_t number, uint64_t page) {
    send_init(apic_id);
    delay_microseconds(10'000);
    // One start-up message should do, but the manual has it repeated.
    for (const int patience : {10, 1000}) {
        send_startup(apic_id, page);
        if (wait_for(number, patience)) return true;
    }
    send_init(apic_id);
    return false;
}
