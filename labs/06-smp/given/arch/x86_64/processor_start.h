/// @file
/// How a processor other than the boot processor becomes one of ours.
#pragma once

#include <cstdint>

struct Task;

/// What trampoline.S needs to know before any C++ can run; `hz` is for what comes after.
struct ProcessorStart {
    uint64_t cr3;     ///< physical address of its first page tables
    uint64_t stack;   ///< top of the kernel stack of the processor's idle task
    uint64_t region;  ///< its GS base: its PCR
    uint32_t hz;      ///< rate of its timer
};

/// Makes what processor `number` needs to run `idle`, and writes its region to `data`. False when memory is
/// out. Boot processor.
bool prepare_processor(uint32_t number, Task& idle, ProcessorStart& data);
/// Resets the processor with this local APIC id and starts it at physical address `page`, in real mode. True
/// as soon as it is online as processor `number`. A processor that has not come after about a second is
/// reset once more, so that it can't come later, when nobody expects it; then false. Boot processor.
bool wake_processor(uint8_t apic_id, uint32_t number, uint64_t page);
/// Takes back what prepare_processor() made for a processor that did not come. Boot processor.
void discard_processor(uint32_t number);
/// Processor `number` takes part from now on. Called on that processor.
void processor_is_online(uint32_t number);

/// What every processor runs once, the boot processor as well, before it can enter ring 3. Panics when
/// something that must hold does not. Interrupts off, GDT, IDT and the PCR in use.
void start_this_processor();
