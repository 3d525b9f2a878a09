/// @file
/// Reads cpio archives of the "newc" form, in which the initramfs comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// One file, directory or other node of an archive. Name and data lie in the archive.
struct CpioEntry {
    std::string_view name;            ///< relative, no `..`; may start with `./` and be `.` itself
    uint32_t mode = 0;                ///< type and permissions, as in `st_mode`
    std::span<const std::byte> data;  ///< of a file; a symbolic link's target
};

/// Takes the first entry off `archive` and describes it in `entry`; at the archive's trailer the name is
/// empty. Returns what is wrong with the archive in plain words, or null. Trusts nothing in it; reads nothing
/// outside of it. Any context.
const char* next_cpio_entry(std::span<const std::byte>& archive, CpioEntry& entry);
