/// @file
/// Segment selectors. The tree has the two that ring 0 needs; the chapter on the GDT and the TSS adds the
/// others.
#pragma once

#include <cstdint>

/// Ring 0 code, 64-bit.
inline constexpr uint16_t kKernelCode = 0x10;
/// Ring 0 data.
inline constexpr uint16_t kKernelData = 0x18;

/// Loads a GDT that lies in the kernel's own memory, in place of the boot loader's. Interrupts off.
void init_gdt();
