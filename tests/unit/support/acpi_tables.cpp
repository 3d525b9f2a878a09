/// @file
/// What the ACPI tests build their machines of.

#include <tests/unit/support/acpi_tables.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace {

FakeMemory* current = nullptr;

}  // namespace

FakeMemory::~FakeMemory() {
    if (current == this) current = nullptr;
}

FakeMemory& FakeMemory::place(uint64_t address, const Blob& blob) {
    blocks_[address] = blob;
    return *this;
}

PhysicalReader FakeMemory::reader() {
    current = this;
    return read;
}

const std::byte* FakeMemory::read(uint64_t address, uint64_t length) {
    EXPECT_LE(length, UINT64_MAX - address) << "a parser must not ask for a range that wraps";
    auto block = current->blocks_.upper_bound(address);
    if (block == current->blocks_.begin()) return nullptr;
    --block;
    const auto bytes = block->second.bytes();
    const uint64_t offset = address - block->first;
    if (offset > bytes.size() || length > bytes.size() - offset) return nullptr;
    auto copy = std::make_unique<std::byte[]>(length);
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(offset), length, copy.get());
    current->granted_ += length;
    return current->copies_.emplace_back(std::move(copy)).get();
}

Blob& fix_checksum(Blob& blob, size_t checksum, size_t length) {
    blob.put(checksum, uint8_t{0});
    uint8_t sum = 0;
    for (std::byte byte : blob.bytes().first(length))
        sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(byte));
    return blob.put(checksum, static_cast<uint8_t>(-sum));
}

Blob& fix_checksum(Blob& table) {
    return fix_checksum(table, kTableChecksum, table.size());
}

Blob& fix_pointer(Blob& pointer) {
    fix_checksum(pointer, kPointerChecksum, 20);
    return fix_checksum(pointer, kExtendedChecksum, pointer.size());
}

Blob old_root_pointer(uint32_t rsdt, uint8_t revision) {
    Blob blob;
    blob.add_text("RSD PTR ").add(uint8_t{0}).add_text("MAKER ").add(revision).add(rsdt);
    return fix_checksum(blob, kPointerChecksum, blob.size());
}

Blob root_pointer(uint32_t rsdt, uint64_t xsdt, uint8_t revision) {
    Blob blob = old_root_pointer(rsdt, revision);
    blob.add(uint32_t{36}).add(xsdt).add(uint8_t{0}).resize(36);
    return fix_pointer(blob);
}

Blob acpi_table(std::string_view signature, const Blob& body) {
    Blob blob;
    blob.add_text(signature).add(static_cast<uint32_t>(36 + body.size())).add(uint8_t{1}).add(uint8_t{0});
    blob.add_text("MAKER ").add_text("MACHINE ").add(uint32_t{1}).add_text("TOOL").add(uint32_t{1});
    const size_t header = blob.size();
    blob.resize(header + body.size());
    for (size_t i = 0; i < body.size(); ++i) blob.put(header + i, body.bytes()[i]);
    return fix_checksum(blob);
}
