/// @file
/// What happens when a check has found a frame on a stack that is not its maker's: the machine stops, and a
/// report says whose is what.
#pragma once

#ifdef FRAME_CHECKS

#include <cstdint>

#include <kernel/task/task.h>

/// Where a frame was looked at.
enum class Checkpoint : uint32_t {
    kEntry,      ///< a system call has just built it
    kExit,       ///< it is about to be popped
    kInterrupt,  ///< the processor has just built it: an interrupt in ring 3
};

/// The program whose address space is `cr3`, or null. Takes no lock: for reports.
const Task* task_with_cr3(uint64_t cr3);

/// Stops the machine with a report. `victim` is the task whose kernel stack was used, `writer` the one that
/// used it, each null if unknown; `slot` is the word where the victim's return address lay, or still lies;
/// `entry_stack` is the top of the stack that the writer was told to enter on. IF=0.
extern "C" [[noreturn]] void frame_check_failed(Checkpoint where, const Task* victim, const Task* writer,
                                                const uint64_t* slot, uint64_t entry_stack);

#endif
