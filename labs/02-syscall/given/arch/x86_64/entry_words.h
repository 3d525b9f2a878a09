/// @file
/// For the trace: what the ways into the kernel from ring 3 go by, as it is right now: two global variables.
#pragma once

#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/processor.h>
#include <kernel/debug/trace.h>

/// Fills it in. Any context, IF=0.
inline EntryWords entry_words() {
    return {.stack = CURRENT_KERNEL_STACK, .scratch = USER_RSP_SCRATCH, .processor = processor_number()};
}
