/// @file
/// For the trace: what the ways into the kernel from ring 3 go by, as it is right now. The chapters that
/// build those ways replace this file; the tree has no ring 3.
#pragma once

#include <arch/x86_64/processor.h>
#include <kernel/debug/trace.h>

/// Fills it in. Any context, IF=0.
inline EntryWords entry_words() {
    return {.processor = processor_number()};
}
