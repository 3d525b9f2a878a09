/// @file
/// Where things lie in the kernel's half of every address space. One page-table root slot (512 GiB) a
/// purpose, so that no two can collide whatever the machine's memory.
/// Invariant: docs/invariants/canonical-sysret.md.
#pragma once

#include <cstdint>

#include <kernel/libk/address.h>

/// All of physical memory, readable and writable, never executable; the kernel's own text is read-only here
/// too.
inline constexpr uint64_t kDirectMapBase = 0xffff'8000'0000'0000;
/// Kernel stacks, each below its own unmapped guard.
inline constexpr uint64_t kStackRegionBase = 0xffff'c000'0000'0000;
/// Device registers, uncached.
inline constexpr uint64_t kDeviceRegionBase = 0xffff'd000'0000'0000;
/// The kernel's image: the top 2 GiB, which is what -mcmodel=kernel asks for. kernel.ld agrees.
inline constexpr uint64_t kKernelBase = 0xffff'ffff'8000'0000;

/// Physical addresses below this are all that can be reached while boot.S's page tables are in use.
inline constexpr uint64_t kEarlyMapEnd = 4ull * 1024 * 1024 * 1024;

/// First address a program can't use: one page below the canonical edge, so that the address after a
/// `syscall` is always canonical and SYSRET can't fault in ring 0 (Intel SDM 2B, SYSRET).
inline constexpr uint64_t kUserLimit = 0x7fff'ffff'f000;
/// Lowest address a program may map: page 0 and its neighbours catch null pointers.
inline constexpr uint64_t kUserMinimum = 0x10000;

/// Bounds of the kernel's image in memory, from kernel.ld. Only their addresses mean anything.
/// @{
extern "C" const char kernel_start[], text_start[], text_end[], rodata_start[], rodata_end[], data_start[],
    kernel_end[];
/// @}

/// Physical address of something in the kernel's image. Any context.
inline PhysAddr image_physical(const void* symbol) {
    return {reinterpret_cast<uint64_t>(symbol) - kKernelBase};
}
