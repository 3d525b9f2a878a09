/// @file
/// The way to an ACPI table: from the pointer that the boot loader passed on, through the list of tables.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <kernel/boot/boot_info.h>

/// A kind of table.
struct TableKind {
    std::string_view signature;  ///< four characters
    const char* name;            ///< what an error calls it
};

/// Finds the first table with kind.signature in the XSDT or, where the RSDP has none, in the RSDT, and
/// verifies what it went through: signatures, lengths (of a table: 36 bytes to 1 MiB) and checksums. Tables
/// of other kinds don't matter and may be out of reach. `rsdp` is a physical address, 0 when the loader named
/// none. For success `out` is the whole table, as long as its header says and at least that header; it is
/// memory that `reader` granted. Otherwise a sentence, good until the next call, and `out` is untouched. No
/// locks; at boot only.
BootError find_table(uint64_t rsdp, PhysicalReader reader, const TableKind& kind,
                     std::span<const std::byte>& out);
