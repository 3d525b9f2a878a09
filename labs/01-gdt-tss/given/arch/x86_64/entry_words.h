/// @file
/// For the trace: what the ways into the kernel from ring 3 go by, as it is right now. Interrupts find their
/// stack in the TSS; there are no system calls yet.
#pragma once

#include <arch/x86_64/processor.h>
#include <arch/x86_64/tss.h>
#include <kernel/debug/trace.h>

/// Fills it in. Any context, IF=0.
inline EntryWords entry_words() {
    return {.stack = tss.rsp0, .processor = processor_number()};
}
