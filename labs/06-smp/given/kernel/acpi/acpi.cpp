/// @file
/// RSDP, XSDT and RSDT (ACPI 6.5, 5.2.5 to 5.2.8), and by way of them to the MADT. Firmware wrote all of it
/// and the boot loader may have copied some: nothing is read but what the reader grants, and nothing is
/// relied on before its checksum is right.

#include <kernel/acpi/acpi.h>

#include <kernel/acpi/madt.h>
#include <kernel/acpi/tables.h>
#include <kernel/libk/bytes.h>
#include <kernel/libk/format.h>

namespace {

using Bytes = std::span<const std::byte>;

/// Real tables stay far below; a length beyond it is rubbish, and summing up that much takes time.
constexpr uint32_t kMaximumLength = 1024 * 1024;

constexpr TableKind kXsdt{"XSDT", "XSDT"};
constexpr TableKind kRsdt{"RSDT", "RSDT"};
constexpr TableKind kMadt{"APIC", "MADT"};

/// The sentence that says what is wrong with a table; good until the next one is made.
BootError table_error(const TableKind& kind, const char* what) {
    static std::array<char, 64> text;
    format_to(text, "the ACPI %s %s", kind.name, what);
    return text.data();
}

/// The `length` bytes at physical `address`; without any when they can't be reached.
Bytes reach(PhysicalReader reader, uint64_t address, uint64_t length) {
    if (length > UINT64_MAX - address) return {};
    const std::byte* data = reader(address, length);
    return data ? Bytes(data, length) : Bytes();
}

template <class T>
bool read_physical(PhysicalReader reader, uint64_t address, T& out) {
    return read_at(reach(reader, address, sizeof(T)), 0, out);
}

template <size_t n>
bool is_signature(const std::array<char, n>& signature, std::string_view expected) {
    return std::string_view(signature.data(), n) == expected;
}

bool checksum_is_right(Bytes bytes) {
    uint8_t sum = 0;
    for (std::byte byte : bytes) sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(byte));
    return sum == 0;
}

BootError read_table(uint64_t address, PhysicalReader reader, const TableKind& kind, Bytes& out) {
    TableHeader header;
    if (!read_physical(reader, address, header)) return table_error(kind, "can't be reached");
    if (!is_signature(header.signature, kind.signature)) return table_error(kind, "has a wrong signature");
    if (header.length < sizeof(header) || header.length > kMaximumLength)
        return table_error(kind, "has an impossible length");
    const Bytes table = reach(reader, address, header.length);
    if (table.empty()) return table_error(kind, "can't be reached");
    if (!checksum_is_right(table)) return table_error(kind, "has a wrong checksum");
    out = table;
    return nullptr;
}

/// The list of tables that the RSDP names.
struct RootTable {
    uint64_t address = 0;
    bool extended = false;  ///< it is the XSDT
};

BootError read_root_pointer(uint64_t rsdp, PhysicalReader reader, RootTable& out) {
    if (rsdp == 0) return "the boot loader named no ACPI tables";
    RootPointer pointer;
    if (!read_physical(reader, rsdp, pointer)) return "the ACPI RSDP can't be reached";
    if (!is_signature(pointer.signature, "RSD PTR ")) return "the ACPI RSDP has a wrong signature";
    if (!checksum_is_right(std::as_bytes(std::span(&pointer, 1))))
        return "the ACPI RSDP has a wrong checksum";
    out = {pointer.rsdt, false};
    if (pointer.revision >= 2) {
        ExtendedRootPointer more;
        if (!read_physical(reader, rsdp, more)) return "the ACPI RSDP is cut off behind its first 20 bytes";
        if (more.length < sizeof(more) || more.length > kMaximumLength)
            return "the ACPI RSDP has an impossible length";
        const Bytes whole = reach(reader, rsdp, more.length);
        if (whole.empty()) return "the ACPI RSDP is longer than the memory it lies in";
        if (!checksum_is_right(whole)) return "the ACPI RSDP has a wrong extended checksum";
        if (more.xsdt != 0) out = {more.xsdt, true};
    }
    return out.address == 0 ? "the ACPI RSDP names neither an XSDT nor an RSDT" : nullptr;
}

}  // namespace

BootError find_table(uint64_t rsdp, PhysicalReader reader, const TableKind& kind, Bytes& out) {
    RootTable root;
    if (BootError error = read_root_pointer(rsdp, reader, root)) return error;
    Bytes table;
    // A broken XSDT is no reason to believe the RSDT of the same firmware.
    const TableKind& list = root.extended ? kXsdt : kRsdt;
    if (BootError error = read_table(root.address, reader, list, table)) return error;
    const size_t entry_size = root.extended ? sizeof(uint64_t) : sizeof(uint32_t);
    Bytes entries = table.subspan(sizeof(TableHeader));
    if (entries.size() % entry_size != 0) return table_error(list, "ends within an entry");
    for (; !entries.empty(); entries = entries.subspan(entry_size)) {
        uint64_t address = 0;
        __builtin_memcpy(&address, entries.data(), entry_size);
        TableHeader header;
        // Out of reach or of another kind, it is not for us to judge.
        if (!read_physical(reader, address, header)) continue;
        if (is_signature(header.signature, kind.signature)) return read_table(address, reader, kind, out);
    }
    return table_error(kind, "is missing, or can't be reached");
}

BootError find_processors(uint64_t rsdp, PhysicalReader reader, ProcessorList& out) {
    out = {};
    Bytes table;
    if (BootError error = find_table(rsdp, reader, kMadt, table)) return error;
    return parse_madt(table, out);
}
