/// @file
/// ACPI tables in an imaginary physical memory, written byte by byte from the specification's figures
/// (ACPI 6.5, 5.2) and not from the kernel's structures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include <kernel/boot/boot_info.h>
#include <tests/unit/support/blob.h>

/// Blocks of physical memory and nothing between them. What is granted to a reader is a copy that is just as
/// long as was asked for: reading behind it trips the address sanitizer.
class FakeMemory {
  public:
    FakeMemory() = default;
    FakeMemory(const FakeMemory&) = delete;
    FakeMemory& operator=(const FakeMemory&) = delete;
    ~FakeMemory();

    /// A block at `address`, in place of the one that was there. Neighbours don't join.
    FakeMemory& place(uint64_t address, const Blob& blob);
    /// The block at `address`.
    Blob& at(uint64_t address) { return blocks_.at(address); }

    /// For the parsers, about the memory whose reader() was called last. It fails the test when asked for a
    /// range that wraps round.
    PhysicalReader reader();
    /// How many bytes were granted so far.
    uint64_t granted() const { return granted_; }

  private:
    static const std::byte* read(uint64_t address, uint64_t length);

    std::map<uint64_t, Blob> blocks_;
    std::vector<std::unique_ptr<std::byte[]>> copies_;
    uint64_t granted_ = 0;
};

/// Where the checksum of a table and of an RSDP lie, and the length of either.
constexpr size_t kTableLength = 4, kTableChecksum = 9;
constexpr size_t kPointerChecksum = 8, kPointerLength = 20, kExtendedChecksum = 32;

/// Makes the first `length` bytes add up to 0 by the byte at `checksum`.
Blob& fix_checksum(Blob& blob, size_t checksum, size_t length);
/// The same for the whole table.
Blob& fix_checksum(Blob& table);
/// The same for both sums of an RSDP of 36 bytes, the smaller one first.
Blob& fix_pointer(Blob& pointer);

/// An RSDP of 20 bytes.
Blob old_root_pointer(uint32_t rsdt, uint8_t revision = 0);
/// One of 36 bytes.
Blob root_pointer(uint32_t rsdt, uint64_t xsdt, uint8_t revision = 2);
/// A table: header and `body`, the checksum right.
Blob acpi_table(std::string_view signature, const Blob& body);
