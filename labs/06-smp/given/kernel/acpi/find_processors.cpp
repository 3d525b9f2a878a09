/// @file
/// From the boot loader's pointer to the list of processors.

#include <kernel/acpi/acpi.h>
#include <kernel/acpi/madt.h>

namespace {

constexpr TableKind kMadt{
    .signature = "APIC",
    .unreachable = "the ACPI tables include no MADT, or it can't be reached",
    .wrong_signature = "the ACPI MADT has a wrong signature",
    .impossible_length = "the ACPI MADT has an impossible length",
    .wrong_checksum = "the ACPI MADT has a wrong checksum",
};

}  // namespace

BootError find_processors(uint64_t rsdp, PhysicalReader reader, ProcessorList& out) {
    out = {};
    std::span<const std::byte> table;
    if (BootError error = find_table(rsdp, reader, kMadt, table)) return error;
    return parse_madt(table, out);
}
