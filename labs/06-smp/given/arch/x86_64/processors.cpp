/// @file
/// Which processors there are; starting the others one after the other, and stopping them.
#include <arch/x86_64/apic.h>
#include <arch/x86_64/ipi.h>
#include <arch/x86_64/paging.h>
#include <arch/x86_64/processor.h>
#include <arch/x86_64/processor_start.h>
#include <kernel/acpi/madt.h>
#include <kernel/console/console.h>
#include <kernel/libk/format.h>
#include <kernel/libk/string.h>
#include <kernel/mm/frame.h>
#include <kernel/task/task.h>

namespace {

static_assert(ProcessorList::kMaximum == kMaximumProcessors);

/// Where the trampoline is copied to: below 1 MiB, which the frame allocator leaves alone, above what the
/// BIOS keeps there, and below the EBDA of any PC.
constexpr uint64_t kTrampolinePage = 0x8000;

// In trampoline.S.
extern "C" const char trampoline[], trampoline_end[];
extern "C" ProcessorStart processor_start_data;

ProcessorList processors;
constexpr uint8_t kNobody = 255;  ///< an id that no local APIC has: it means all of them
std::array<uint8_t, kMaximumProcessors> apic_ids{kNobody, kNobody, kNobody, kNobody,
                                                 kNobody, kNobody, kNobody, kNobody};
uint32_t started = 1;  ///< numbers given out
uint32_t online = 1;
bool stopping = false;

/// Starts the processor with this id, or reports that it can't.
void start(uint8_t apic_id, uint32_t hz) {
    const uint32_t number = started;
    std::array<char, 16> name{};
    format_to(name, "idle/%u", number);
    auto idle = create_task(name.data(), nullptr, true);
    if (!idle.ok() || !prepare_processor(number, *idle.value(), processor_start_data)) {
        if (idle.ok()) destroy_task(*idle.value());
        kprintf("Processor with APIC id %u: left out, no memory\n", apic_id);
        return;
    }
    processor_start_data.cr3 = kernel_root().value;
    processor_start_data.stack = idle.value()->kstack_top;
    processor_start_data.hz = hz;
    apic_ids[number] = apic_id;
    if (wake_processor(apic_id, number, kTrampolinePage)) {
        started++;
        return;
    }
    discard_processor(number);
    destroy_task(*idle.value());
    kprintf("Processor with APIC id %u: left out, it does not answer\n", apic_id);
}

}  // namespace

uint32_t processor_for_report() {
    // Before start_processors() there is no other; the local APIC may not even be mapped.
    if (apic_ids[0] == kNobody) return 0;
    const uint32_t id = local_apic_id();
    for (uint32_t number = kMaximumProcessors - 1; number > 0; number--)
        if (apic_ids[number] == id) return number;
    return 0;
}

void note_processors(uint64_t rsdp, PhysicalReader reader) {
    if (const char* error = find_processors(rsdp, reader, processors))
        kprintf("Using one processor: %s\n", error);
    if (processors.left_out > 0)
        kprintf("Using %u processors at most: %u left out\n", kMaximumProcessors,
                static_cast<unsigned>(processors.left_out));
}

void start_processors(uint32_t hz) {
    init_interprocessor_interrupts();
    apic_ids[0] = static_cast<uint8_t>(local_apic_id());
    memcpy(physical_pointer({kTrampolinePage}), trampoline, static_cast<size_t>(trampoline_end - trampoline));
    for (size_t i = 0; i < processors.count; i++)
        if (processors.apic_ids[i] != apic_ids[0]) start(processors.apic_ids[i], hz);
    if (started > 1) kprintf("%u processors\n", started);
}

void processor_is_online(uint32_t number) {
    __atomic_fetch_or(&online, 1u << number, __ATOMIC_RELEASE);
}

uint32_t online_processors() {
    return __atomic_load_n(&online, __ATOMIC_ACQUIRE);
}

uint8_t apic_id_of(uint32_t number) {
    return apic_ids[number];
}

void stop_other_processors() {
    __atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
    if (started == 1) return;
    send_nmi_to_others();
    // Nobody answers an NMI; a moment is enough, and a processor that runs on does no harm to the report.
    delay_microseconds(1000);
}

bool told_to_stop() {
    return __atomic_load_n(&stopping, __ATOMIC_SEQ_CST);
}
