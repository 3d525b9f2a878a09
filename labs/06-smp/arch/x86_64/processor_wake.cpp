/// @file
/// The messages that make a processor start (Intel SDM 3A, 8.4.4).
#include <arch/x86_64/apic.h>
#include <arch/x86_64/ipi.h>
#include <arch/x86_64/processor.h>
#include <arch/x86_64/processor_start.h>
#include <kernel/console/console.h>

bool wake_processor(uint8_t apic_id, [[maybe_unused]] uint32_t number, [[maybe_unused]] uint64_t page) {
    // TODO(lab6.3): the processor has been reset and sent to `page` as the manual has it, the answer is true
    // as soon as it is online, and within about a second in any case; one that is given up is reset once
    // more.
    kprintf("TODO(lab6.3): nothing wakes the processor with APIC id %u, see labs/06-smp/README.md\n",
            apic_id);
    return false;
}
