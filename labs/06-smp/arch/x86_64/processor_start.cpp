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
#include <kernel/console/console.h>
#include <kernel/idle.h>
#include <kernel/libk/panic.h>
#include <kernel/mm/heap.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>

bool prepare_processor([[maybe_unused]] uint32_t number, [[maybe_unused]] Task& idle, ProcessorStart& data) {
    // TODO(lab6.4): the processor has a PCR of its own, which says its number and that `idle` runs there, and
    // so does `idle`. Until then it is lent the boot processor's, to be read only.
    data.region = reinterpret_cast<uint64_t>(&boot_pcr);
    return true;
}

void discard_processor([[maybe_unused]] uint32_t number) {
    // TODO(lab6.4): what prepare_processor() made for this number is free again.
}

void start_this_processor() {
    KASSERT(!irq_enabled());
    KASSERT(rdmsr(kIA32_GS_BASE) == reinterpret_cast<uint64_t>(&pcr()));
    KASSERT(pcr().self == &pcr());
    init_tss();
    init_syscall();
    // A task inherits what is set here. System calls start with these flags clear; so does every processor.
    write_rflags(read_rflags() & ~kSyscallFlagMask);
}

/// trampoline.S comes here on the idle task's stack, with GS base set and interrupts off.
extern "C" [[noreturn]] void processor_main([[maybe_unused]] const ProcessorStart& data) {
    // TODO(lab6.4): whatever the boot processor has of its own, this one has too; then it is online, its
    // timer ticks, and it idles.
    kprintf("TODO(lab6.4): a processor has come as far as processor_main(), see labs/06-smp/README.md\n");
    halt_forever();
}
