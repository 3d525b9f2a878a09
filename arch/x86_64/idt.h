/// @file
/// The interrupt descriptor table.
#pragma once

#include <cstdint>

#include <arch/x86_64/interrupt_frame.h>

/// The exceptions that the kernel treats in a way of their own, by their manual names (Intel SDM 3A, table
/// 6-1).
enum Vector : uint8_t {
    kDB = 1,
    kNMI = 2,
    kBP = 3,
    kDF = 8,
    kGP = 13,
    kPF = 14,
    kMC = 18,
};
/// Number of vectors that the processor keeps for exceptions.
inline constexpr uint8_t kExceptionCount = 32;

/// Error-code bits of a page fault (Intel SDM 3A, 4.7).
inline constexpr uint64_t kPageFaultPresent =
    1 << 0;  ///< the page is there: a right is missing. Clear: it is not there
inline constexpr uint64_t kPageFaultWrite = 1 << 1;  ///< it was a write
inline constexpr uint64_t kPageFaultUser = 1 << 2;   ///< in ring 3
inline constexpr uint64_t kPageFaultFetch = 1 << 4;  ///< it was the fetch of an instruction

/// Fills the table with the 256 stubs and loads it. Interrupts off.
void init_idt();
/// Loads the table on this processor. Interrupts off.
void load_idt();
/// Sends `vector` to `entry` on interrupt stack `ist` (1 to 7; 0: no change of stack within ring 0).
void set_gate(uint8_t vector, void (*entry)(), uint8_t ist);

/// What to do when a device interrupts. Runs with IF=0.
using InterruptHandler = void (*)(InterruptFrame& frame);
/// Sends `vector`, from kExceptionCount up, to `handler`. At boot, before the device is switched on.
void set_interrupt_handler(uint8_t vector, InterruptHandler handler);
