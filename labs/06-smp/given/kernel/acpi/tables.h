/// @file
/// ACPI's structures as they lie in memory (ACPI 6.5), as far as the way to the processors needs them.
/// Nothing aligns them: copy them out, with read_at().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// Root System Description Pointer of ACPI 1.0: the first 20 bytes of every later one (5.2.5.3).
struct [[gnu::packed]] RootPointer {
    std::array<char, 8> signature;  ///< "RSD PTR "
    uint8_t checksum;               ///< makes the sum of these 20 bytes 0
    std::array<char, 6> oem_id;     ///< who made the firmware
    uint8_t revision;               ///< 0 for ACPI 1.0; from 2 on ExtendedRootPointer is there
    uint32_t rsdt;                  ///< physical address
};
static_assert(sizeof(RootPointer) == 20);
static_assert(offsetof(RootPointer, revision) == 15);

/// The pointer since ACPI 2.0 (5.2.5.3).
struct [[gnu::packed]] ExtendedRootPointer {
    RootPointer first;                ///< as in ACPI 1.0
    uint32_t length;                  ///< in bytes, `first` included
    uint64_t xsdt;                    ///< physical address
    uint8_t extended_checksum;        ///< makes the sum of all `length` bytes 0
    std::array<uint8_t, 3> reserved;  ///< 0
};
static_assert(sizeof(ExtendedRootPointer) == 36);
static_assert(offsetof(ExtendedRootPointer, xsdt) == 24);

/// What every table begins with (5.2.6). Behind it, the RSDT (5.2.7) has 32-bit physical addresses of tables
/// and the XSDT (5.2.8) 64-bit ones, 36 bytes into the table and so not aligned to their size.
struct [[gnu::packed]] TableHeader {
    std::array<char, 4> signature;     ///< says which table it is: "XSDT", "APIC"
    uint32_t length;                   ///< of the whole table in bytes, this header included
    uint8_t revision;                  ///< of the table's form
    uint8_t checksum;                  ///< makes the sum of all `length` bytes 0
    std::array<char, 6> oem_id;        ///< who made the firmware
    std::array<char, 8> oem_table_id;  ///< the maker's name for this table
    uint32_t oem_revision;             ///< the maker's number for it
    uint32_t creator_id;               ///< of the tool that made it
    uint32_t creator_revision;         ///< that tool's version
};
static_assert(sizeof(TableHeader) == 36);
static_assert(offsetof(TableHeader, checksum) == 9);

/// Start of the Multiple APIC Description Table; its entries follow (5.2.12).
struct [[gnu::packed]] MadtHeader {
    TableHeader table;    ///< its signature is "APIC"
    uint32_t local_apic;  ///< physical address of the local APICs' registers
    uint32_t flags;       ///< bit 0: there is an 8259 pair as well
};
static_assert(sizeof(MadtHeader) == 44);

/// What every entry of the MADT begins with.
struct MadtEntry {
    uint8_t type;    ///< a MadtEntryType, or one to be skipped
    uint8_t length;  ///< in bytes, this header included
};
static_assert(sizeof(MadtEntry) == 2);

/// MadtEntry::type.
enum MadtEntryType : uint8_t {
    kMadtLocalApic = 0,
    kMadtLocalX2Apic = 9,
};

/// Flag of a processor: it is ready to use (5.2.12.2). Without it the processor must not be started; bit 1,
/// online capable, says that it may become ready while the system runs, by hot plugging.
constexpr uint32_t kMadtEnabled = 1 << 0;

/// A processor (5.2.12.2).
struct [[gnu::packed]] MadtLocalApic {
    MadtEntry entry;        ///< type kMadtLocalApic, length 8
    uint8_t processor_uid;  ///< the processor's name in ACPI's other tables
    uint8_t apic_id;        ///< what addresses it in the local APICs' messages
    uint32_t flags;         ///< kMadtEnabled and others
};
static_assert(sizeof(MadtLocalApic) == 8);

/// A processor, with room for an id of 32 bits (5.2.12.12).
struct [[gnu::packed]] MadtLocalX2Apic {
    MadtEntry entry;         ///< type kMadtLocalX2Apic, length 16
    uint16_t reserved;       ///< 0
    uint32_t x2apic_id;      ///< what addresses it in x2APIC mode
    uint32_t flags;          ///< kMadtEnabled and others
    uint32_t processor_uid;  ///< the processor's name in ACPI's other tables
};
static_assert(sizeof(MadtLocalX2Apic) == 16);
static_assert(offsetof(MadtLocalX2Apic, flags) == 8);
