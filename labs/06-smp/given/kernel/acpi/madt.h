/// @file
/// The machine's processors, as the firmware lists them in ACPI's Multiple APIC Description Table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <kernel/boot/boot_info.h>

/// The processors that may be started, in the MADT's order, each once. The one that we boot on is among them,
/// not necessarily as the first.
struct ProcessorList {
    /// As many as the kernel can use.
    static constexpr size_t kMaximum = 8;

    std::array<uint8_t, kMaximum> apic_ids{};  ///< of the processors' local APICs
    size_t count = 0;                          ///< how many of apic_ids are filled in
    /// Enabled ones beyond the array, or with an id of 255 or more: those need x2APIC mode.
    size_t left_out = 0;
};

/// Reads a MADT (ACPI 6.5, 5.2.12) whose header and checksum are known to be right. For an error `out` is
/// empty; there is one, too, when no processor may be started. Allocates nothing; any context.
BootError parse_madt(std::span<const std::byte> table, ProcessorList& out);

/// Follows the RSDP at physical address `rsdp` (0 when the boot loader named none) to the MADT, verifies
/// everything on the way (see find_table()), and lists the processors. The error is a sentence that names the
/// table and what is wrong with it; then `out` is empty. No locks; at boot only.
BootError find_processors(uint64_t rsdp, PhysicalReader reader, ProcessorList& out);
