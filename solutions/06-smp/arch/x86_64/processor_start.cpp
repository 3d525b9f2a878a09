/// @file
/// From the trampoline to the idle loop.
#include <arch/x86_64/apic.h>
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/pcr.h>
#include <arch/x86_64/processor.h>
#include <arch/x86_64/processor_start.h>
#include <arch/x86_64/syscall.h>
#include <arch/x86_64/tss.h>
#include <kernel/idle.h>
#include <kernel/libk/panic.h>
#include <kernel/mm/heap.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>

namespace {

std::array<ProcessorControlRegion*, kMaximumProcessors> regions{&boot_pcr};

}  // namespace

bool prepare_processor(uint32_t number, Task& idle, ProcessorStart& data) {
    void* memory = kmalloc(sizeof(ProcessorControlRegion));
    if (!memory) return false;
    auto* region = new (memory) ProcessorControlRegion;
    region->self = region;
    region->cpu = number;
    region->current = &idle;
    idle.processor = number;
    regions[number] = region;
    data.region = reinterpret_cast<uint64_t>(region);
    return true;
}

void discard_processor(uint32_t number) {
    kfree(regions[number]);
    regions[number] = nullptr;
}

void start_this_processor() {
    KASSERT(!irq_enabled());
    KASSERT(rdmsr(kIA32_GS_BASE) == reinterpret_cast<uint64_t>(&pcr()));
    KASSERT(pcr().self == &pcr() && regions[pcr().cpu] == &pcr());
    init_tss();
    init_syscall();
    // A task inherits what is set here. System calls start with these flags clear; so does every processor.
    write_rflags(read_rflags() & ~kSyscallFlagMask);
}

/// trampoline.S comes here on the idle task's stack, with GS base set and interrupts off.
extern "C" [[noreturn]] void processor_main(const ProcessorStart& data) {
    const uint32_t hz = data.hz;
    KASSERT(current() && current()->kstack_top == data.stack);
    KASSERT(reinterpret_cast<uint64_t>(&pcr()) == data.region);
    use_region(pcr());
    load_idt();
    init_cpu_features();
    start_this_processor();
    enable_local_apic();
    KASSERT(local_apic_id() == apic_id_of(processor_number()));
    init_scheduler(*current());
    processor_is_online(processor_number());  // from here on `data` may be another's
    apic_start_timer(hz);
    idle_loop();
}
