/// @file
/// Lists processors from the MADT's local APIC entries (ACPI 6.5, 5.2.12).

#include <kernel/acpi/madt.h>

#include <kernel/acpi/tables.h>
#include <kernel/libk/bytes.h>

namespace {

/// The first id that can't be addressed without x2APIC mode: as an 8-bit destination it means every processor
/// (Intel SDM 3A, 10.6.2.1).
[[maybe_unused]] constexpr uint32_t kBroadcastId = 255;

/// A list in the making.
class Collector {
  public:
    /// TODO(lab6.1): a processor that is enabled and has an id below 255 stands in the list once, behind
    /// those that came before it; one that is enabled and can't be listed is counted in `left_out`.
    void add([[maybe_unused]] uint32_t apic_id, [[maybe_unused]] uint32_t flags) {}
    const ProcessorList& list() const { return list_; }

  private:
    ProcessorList list_;
};

/// Adds what `entry` describes, if it is a processor. The error is a sentence.
BootError read_entry([[maybe_unused]] std::span<const std::byte> entry, uint8_t type,
                     [[maybe_unused]] Collector& collector) {
    switch (type) {
        // TODO(lab6.1): local APIC and local x2APIC entries are added, and one that is too short for its
        // fields is an error.
        default:
            return nullptr;
    }
}

}  // namespace

BootError parse_madt(std::span<const std::byte> table, ProcessorList& out) {
    out = {};
    if (table.size() < sizeof(MadtHeader)) return "the ACPI MADT is too short for its own fields";
    Collector collector;
    // TODO(lab6.1): every entry behind the header has been read, in order; a table whose entries don't fill
    // it exactly is an error, and so is one without a processor.
    if (BootError error = read_entry({}, 0xff, collector)) return error;
    if (collector.list().count == 0)
        return "TODO(lab6.1): no entry of the ACPI MADT is read, see labs/06-smp/README.md";
    out = collector.list();
    return nullptr;
}
