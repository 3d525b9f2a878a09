/// @file
/// A global descriptor table and how the processor gets to use it.
#pragma once

#include <array>
#include <cstdint>

#include <arch/x86_64/descriptors.h>

/// The nine slots; gdt.h has the selectors.
using Gdt = std::array<uint64_t, 9>;

/// The table's content but for the TSS, whose address only run time knows.
inline constexpr Gdt kInitialGdt{
    0,                   // 0x00: null
    0,                   // 0x08: unused
    code_descriptor(0),  // 0x10: kKernelCode
    data_descriptor(0),  // 0x18: kKernelData
    0,                   // 0x20: kUserBase
    data_descriptor(3),  // 0x28: kUserData
    code_descriptor(3),  // 0x30: kUserCode
    0,
    0,  // 0x38: kTssSelector
};

/// Loads GDTR and reloads every segment register from `gdt`, which stays in use. FS and GS become null, with
/// a base of 0. Interrupts off.
void load_gdt(const Gdt& gdt);
