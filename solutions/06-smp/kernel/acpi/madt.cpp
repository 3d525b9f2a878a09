/// @file
/// Lists processors from the MADT's local APIC entries (ACPI 6.5, 5.2.12).

#include <kernel/acpi/madt.h>

#include <kernel/acpi/tables.h>
#include <kernel/libk/bytes.h>

namespace {

/// The first id that can't be addressed without x2APIC mode: as an 8-bit destination it means every processor
/// (Intel SDM 3A, 10.6.2.1).
constexpr uint32_t kBroadcastId = 255;

/// A list in the making.
class Collector {
  public:
    void add(uint32_t apic_id, uint32_t flags) {
        if (!(flags & kMadtEnabled)) return;
        if (apic_id >= kBroadcastId) {
            list_.left_out++;
            return;
        }
        // Firmware may describe one processor by an entry of each type.
        if (seen_[apic_id]) return;
        seen_[apic_id] = true;
        if (list_.count == list_.apic_ids.size()) {
            list_.left_out++;
            return;
        }
        list_.apic_ids[list_.count++] = static_cast<uint8_t>(apic_id);
    }
    const ProcessorList& list() const { return list_; }

  private:
    ProcessorList list_;
    std::array<bool, kBroadcastId> seen_{};
};

/// Adds what `entry` describes, if it is a processor.
BootError read_entry(std::span<const std::byte> entry, uint8_t type, Collector& collector) {
    switch (type) {
        case kMadtLocalApic: {
            MadtLocalApic apic;
            if (!read_at(entry, 0, apic)) return "a local APIC entry of the ACPI MADT is too short";
            collector.add(apic.apic_id, apic.flags);
            return nullptr;
        }
        case kMadtLocalX2Apic: {
            MadtLocalX2Apic apic;
            if (!read_at(entry, 0, apic)) return "a local x2APIC entry of the ACPI MADT is too short";
            collector.add(apic.x2apic_id, apic.flags);
            return nullptr;
        }
        default:
            return nullptr;
    }
}

}  // namespace

BootError parse_madt(std::span<const std::byte> table, ProcessorList& out) {
    out = {};
    if (table.size() < sizeof(MadtHeader)) return "the ACPI MADT is too short for its own fields";
    Collector collector;
    for (auto rest = table.subspan(sizeof(MadtHeader)); !rest.empty();) {
        MadtEntry entry;
        if (!read_at(rest, 0, entry)) return "the ACPI MADT ends within an entry";
        if (entry.length < sizeof(entry)) return "an entry of the ACPI MADT is smaller than its own header";
        if (entry.length > rest.size()) return "an entry of the ACPI MADT runs past the table's end";
        if (BootError error = read_entry(rest.first(entry.length), entry.type, collector)) return error;
        rest = rest.subspan(entry.length);
    }
    if (collector.list().count == 0) return "the ACPI MADT enables no processor with an APIC id below 255";
    out = collector.list();
    return nullptr;
}
