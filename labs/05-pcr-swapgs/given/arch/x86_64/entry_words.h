/// @file
/// For the trace: what the ways into the kernel from ring 3 go by, as it is right now: two words of this
/// processor's PCR.
#pragma once

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/layout.h>
#include <arch/x86_64/pcr.h>
#include <kernel/debug/trace.h>

/// Fills it in. Any context, IF=0. GS is not believed: in a chapter that is half written it may lead
/// anywhere, and the trace must not be what falls over it.
inline EntryWords entry_words() {
    const uint64_t base = rdmsr(kIA32_GS_BASE);
    if (base < kDirectMapBase) return {};
    const auto& region = *reinterpret_cast<const ProcessorControlRegion*>(base);
    return {.stack = region.tss.rsp0, .scratch = region.scratch_rsp, .processor = region.cpu};
}
