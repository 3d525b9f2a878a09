/// @file
/// For the trace: what the ways into the kernel from ring 3 go by, as it is right now: two global variables.
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/processor.h>

/// What the entry paths of this processor go by.
struct EntryWords {
    uint64_t stack = 0;      ///< top of the kernel stack that the next entry takes; 0: none was published yet
    uint64_t scratch = 0;    ///< the word that keeps the user's RSP
    uint32_t processor = 0;  ///< this processor's number
};

/// Any context. IF=0.
inline EntryWords entry_words() {
    return {.stack = CURRENT_KERNEL_STACK, .scratch = USER_RSP_SCRATCH, .processor = processor_number()};
}
