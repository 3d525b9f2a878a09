/// @file
/// The Processor Control Region: everything that belongs to one processor, in one place that its GS base
/// points to while it is in ring 0.
/// Invariant: docs/invariants/swapgs-parity.md.
#pragma once

#include <cstdint>

#include <arch/x86_64/load_gdt.h>
#include <arch/x86_64/task_state_segment.h>

struct Task;

/// One processor's own data. The first members are what the entry paths use, at small offsets.
struct ProcessorControlRegion {
    ProcessorControlRegion* self = nullptr;  ///< so that C++ gets from GS to a pointer
    Task* current = nullptr;                 ///< the task that runs here
    uint64_t scratch_rsp = 0;       ///< the user's RSP for the two instructions between SYSCALL and its push
    uint32_t cpu = 0;               ///< this processor's number, from 0
    std::array<uint64_t, 9> gdt{};  ///< its GDT: TSS descriptors can't be shared
    TaskStateSegment tss;           ///< its stacks; rsp0 serves SYSCALL as well as interrupts
};

/// This processor's PCR. Not before init_gdt(), nor on an entry path before its SWAPGS. IF=0 if it is
/// used for more than what belongs to the task: a task may change processors.
inline ProcessorControlRegion& pcr() {
    ProcessorControlRegion* self;
    asm volatile("mov %%gs:0, %0" : "=r"(self));
    return *self;
}
static_assert(offsetof(ProcessorControlRegion, self) == 0, "pcr() reads it at GS:0");

/// Makes `region` this processor's PCR: fills in what is the same everywhere, and loads its GDT and GS base.
/// Interrupts off.
void use_region(ProcessorControlRegion& region);

/// The PCR of the boot processor.
extern "C" ProcessorControlRegion boot_pcr;
