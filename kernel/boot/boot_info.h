/// @file
/// What the boot loader told us, in one form for every loader, checked before anyone relies on it. All
/// functions are for boot, before there are tasks, and for host tests: they allocate nothing and take no
/// lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <kernel/libk/address.h>

/// What a region of physical memory is good for; the values are e820's.
enum class MemoryType : uint32_t {
    kUsable = 1,    ///< ours
    kReserved = 2,  ///< keep out, whatever is there
};

/// A stretch of physical memory, in bytes.
struct MemoryRegion {
    uint64_t base = 0;                        ///< first byte's physical address
    uint64_t length = 0;                      ///< bytes
    MemoryType type = MemoryType::kReserved;  ///< what it is good for
    /// The address behind the last byte.
    constexpr uint64_t end() const { return base + length; }
};

/// A file the loader put into memory (the initramfs), in bytes of physical memory.
struct BootModule {
    uint64_t base = 0;    ///< first byte's physical address
    uint64_t length = 0;  ///< bytes
};

/// The loader's report.
struct BootInfo {
    static constexpr size_t kMaximumRegions = 128;  ///< room for regions; a longer map is an error
    static constexpr size_t kMaximumModules = 4;    ///< room for modules

    const char* loader = "nobody";                        ///< the protocol's name, for the log
    std::array<char, 256> command_line{};                 ///< null-terminated; a longer one is cut
    std::array<MemoryRegion, kMaximumRegions> regions{};  ///< sorted once check_boot_info() has passed
    size_t region_count = 0;                              ///< how many of them are filled in
    std::array<BootModule, kMaximumModules> modules{};    ///< the first is the initramfs
    size_t module_count = 0;                              ///< how many of them are filled in
    uint64_t rsdp = 0;  ///< physical address of the ACPI RSDP (or of the loader's copy), 0 when not told

    /// The regions that are filled in.
    std::span<const MemoryRegion> memory() const { return {regions.data(), region_count}; }
};

/// Error of a parser or check: one readable sentence, or null for success.
using BootError = const char*;

/// Reads a multiboot2 information structure (Multiboot2 Specification 2.0, section 3.6). `data` starts at
/// the structure; its own total size must not exceed data.size(). `physical_address` is where it lies: the
/// RSDP is a copy inside it, and a field of the report is an address. Fills command line, memory map, modules
/// and RSDP.
BootError parse_multiboot2(std::span<const std::byte> data, uint64_t physical_address, BootInfo& out);

/// Gives `length` readable bytes of physical memory at `address`, or null when they can't be reached. The
/// range never wraps round.
using PhysicalReader = const std::byte* (*)(uint64_t address, uint64_t length);

/// Reads a PVH start-info block (`struct hvm_start_info`, Xen's public/arch-x86/hvm/start_info.h) at
/// physical address `start_info`, following its pointers through `reader`. Version 1 or later: version 0 has
/// no memory map.
BootError parse_pvh(uint64_t start_info, PhysicalReader reader, BootInfo& out);

/// Checks and tidies the report: there is a memory map with usable memory; no region wraps round or overlaps
/// another of a different type (two of one type that overlap or touch are merged); modules are not empty or
/// wrapping, lie wholly in usable memory, and overlap neither each other nor the kernel's image
/// [kernel_start, kernel_end). Sorts the regions by base address and drops empty ones.
BootError check_boot_info(BootInfo& info, uint64_t kernel_start, uint64_t kernel_end);

/// The value of the first word `key=value` in a command line of words; empty when there is none.
std::string_view command_line_value(std::string_view command_line, std::string_view key);

// For the parsers.

/// A region of the memory map as BIOS call E820 gives it, and both loaders pass it on.
struct E820Entry {
    uint64_t base;      ///< first byte's physical address
    uint64_t length;    ///< bytes
    uint32_t type;      ///< 1: usable
    uint32_t reserved;  ///< the loader's
};
static_assert(sizeof(E820Entry) == 24);

/// Appends a region; an error when there is no room. Empty regions are left out.
BootError add_region(BootInfo& out, const E820Entry& entry);
/// Appends a module; an error when there is no room.
BootError add_module(BootInfo& out, uint64_t base, uint64_t length);
