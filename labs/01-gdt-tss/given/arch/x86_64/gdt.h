/// @file
/// Segment selectors and the global descriptor table. The order is not free: SYSCALL and SYSRET compute
/// selectors from one number each (Intel SDM 2B).
///
///     SYSCALL   CS = STAR[47:32]        SS = STAR[47:32] + 8     so ring 0 data follows ring 0 code
///     SYSRET    SS = STAR[63:48] + 8    CS = STAR[63:48] + 16    so ring 3: 32-bit code, data, 64-bit code
///
/// The values are those of Linux, which programs may look at.
#pragma once

#include <cstdint>

/// Ring 0 code, 64-bit: STAR[47:32].
inline constexpr uint16_t kKernelCode = 0x10;
/// Ring 0 data: STAR[47:32] + 8.
inline constexpr uint16_t kKernelData = 0x18;
/// STAR[63:48]: where SYSRET starts to count. Its own slot would be 32-bit user code, which this kernel has
/// not.
inline constexpr uint16_t kUserBase = 0x20 | 3;
/// Ring 3 data: STAR[63:48] + 8.
inline constexpr uint16_t kUserData = 0x28 | 3;
/// Ring 3 code, 64-bit: STAR[63:48] + 16.
inline constexpr uint16_t kUserCode = 0x30 | 3;
/// The TSS, two slots.
inline constexpr uint16_t kTssSelector = 0x38;

static_assert(kKernelData == kKernelCode + 8, "SYSCALL loads SS from STAR[47:32] + 8");
static_assert(kUserData == kUserBase + 8, "SYSRET loads SS from STAR[63:48] + 8");
static_assert(kUserCode == kUserBase + 16, "SYSRET loads CS from STAR[63:48] + 16");

/// Loads the GDT and every segment register from it. Interrupts off.
void init_gdt();
/// Fills the TSS's slots and loads TR. Interrupts off, after init_gdt().
void load_tss(uint64_t base, uint64_t limit);
