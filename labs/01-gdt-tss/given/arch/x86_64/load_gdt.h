/// @file
/// A global descriptor table and how the processor gets to use it and the TSS.
#pragma once

#include <array>
#include <cstdint>

#include <arch/x86_64/descriptors.h>

/// The nine slots; gdt.h has the selectors.
using Gdt = std::array<uint64_t, 9>;

/// The table's content but for the TSS, whose address only run time knows. A constant: nothing could compute
/// it when the kernel starts.
extern const Gdt kInitialGdt;

/// Loads GDTR and reloads every segment register from `gdt`, which stays in use. FS and GS become null, with
/// a base of 0. Interrupts off.
void load_gdt(const Gdt& gdt);

/// Fills the TSS's slots of `gdt`, which is in use, with the TSS at `base` whose last byte is at base +
/// `limit`, and loads TR. Interrupts off.
void load_tss(Gdt& gdt, uint64_t base, uint64_t limit);
