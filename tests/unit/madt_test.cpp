/// @file
/// The list of processors: entries of a MADT, and the whole way to it from the RSDP.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include <kernel/acpi/madt.h>
#include <tests/unit/support/acpi_tables.h>

namespace {

constexpr uint32_t kEnabled = 1, kOnlineCapable = 2;

/// A MADT's entries under construction.
class Entries {
  public:
    /// `length` differs from what the entry has when it is to lie.
    Entries& entry(uint8_t type, const Blob& content, int length = -1) {
        blob_.add(type).add(static_cast<uint8_t>(length < 0 ? 2 + static_cast<int>(content.size()) : length));
        for (std::byte byte : content.bytes()) blob_.add(byte);
        return *this;
    }
    Entries& apic(uint8_t id, uint32_t flags = kEnabled) {
        return entry(0, Blob().add(static_cast<uint8_t>(id + 1)).add(id).add(flags));
    }
    Entries& x2apic(uint32_t id, uint32_t flags = kEnabled) {
        return entry(9, Blob().add(uint16_t{0}).add(id).add(flags).add(id + 1));
    }
    const Blob& blob() const { return blob_; }
    Blob table() const {
        Blob body = Blob().add(0xfee00000u).add(1u);
        for (std::byte byte : blob_.bytes()) body.add(byte);
        return acpi_table("APIC", body);
    }

  private:
    Blob blob_;
};

/// "0 1 2", "0 1 2 and 3 left out", or the error.
std::string text(BootError error, const ProcessorList& list) {
    if (error) {
        EXPECT_EQ(list.count, 0u) << "an error leaves nothing behind";
        EXPECT_EQ(list.left_out, 0u);
        return error;
    }
    std::string ids;
    for (size_t i = 0; i < list.count; ++i) ids += (i ? " " : "") + std::to_string(list.apic_ids.at(i));
    return list.left_out ? ids + " and " + std::to_string(list.left_out) + " left out" : ids;
}

/// A list that has something in it to be forgotten.
ProcessorList used_list() {
    return {.apic_ids = {9, 9, 9}, .count = 3, .left_out = 7};
}

std::string parse(std::span<const std::byte> table) {
    ProcessorList list = used_list();
    const BootError error = parse_madt(table, list);
    return text(error, list);
}

/// The bytes are where reading past their end crashes.
std::string parse(const Entries& entries) {
    const Blob table = entries.table();
    GuardedMemory memory(table.size());
    return parse(memory.place(table.bytes(), true));
}

const std::string kNone = "the ACPI MADT enables no processor with an APIC id below 255";
const std::string kPastTheEnd = "an entry of the ACPI MADT runs past the table's end";

}  // namespace

TEST(Madt, ListsProcessorsInTheTablesOrder) {
    EXPECT_EQ(parse(Entries().apic(0)), "0");
    EXPECT_EQ(parse(Entries().apic(4).apic(0).apic(254).apic(2)), "4 0 254 2");
    EXPECT_EQ(parse(Entries().x2apic(3).apic(1).x2apic(254)), "3 1 254");
}

TEST(Madt, OnlyEnabledProcessorsCount) {
    EXPECT_EQ(parse(Entries().apic(0).apic(1, 0).apic(2, kOnlineCapable).apic(3, kEnabled | kOnlineCapable)),
              "0 3");
    EXPECT_EQ(parse(Entries().x2apic(0).x2apic(1, 0).x2apic(2, kOnlineCapable).x2apic(3, ~kOnlineCapable)),
              "0 3");
    EXPECT_EQ(parse(Entries().apic(0).apic(255, 0).x2apic(1000, 0)), "0") << "nor are disabled ones left out";
}

TEST(Madt, NoProcessorToStart) {
    EXPECT_EQ(parse(Entries()), kNone);
    EXPECT_EQ(parse(Entries().apic(0, 0).x2apic(1, kOnlineCapable)), kNone);
    EXPECT_EQ(parse(Entries().x2apic(256).apic(255)), kNone);
}

TEST(Madt, OneProcessorMayHaveAnEntryOfEachType) {
    EXPECT_EQ(parse(Entries().apic(0).apic(1).x2apic(0).x2apic(1).apic(1)), "0 1");
    EXPECT_EQ(parse(Entries().apic(0, 0).x2apic(0)), "0") << "what is disabled hides nothing";
    EXPECT_EQ(parse(Entries().x2apic(256).apic(0)), "0 and 1 left out") << "256 is not 0";
}

TEST(Madt, EightProcessorsAndTheRest) {
    Entries entries;
    for (uint8_t id = 0; id < 8; ++id) entries.apic(static_cast<uint8_t>(2 * id));
    EXPECT_EQ(parse(entries), "0 2 4 6 8 10 12 14");
    EXPECT_EQ(parse(entries.apic(6).x2apic(14)), "0 2 4 6 8 10 12 14");
    EXPECT_EQ(parse(entries.apic(100)), "0 2 4 6 8 10 12 14 and 1 left out");
    EXPECT_EQ(parse(entries.x2apic(100)), "0 2 4 6 8 10 12 14 and 1 left out") << "counted once";
    EXPECT_EQ(parse(entries.apic(101).x2apic(102, 0)), "0 2 4 6 8 10 12 14 and 2 left out");
}

TEST(Madt, IdsThatNeedX2ApicAreLeftOut) {
    for (uint32_t id : {255u, 256u, 0xffffffffu})
        EXPECT_EQ(parse(Entries().apic(1).x2apic(id).apic(2)), "1 2 and 1 left out") << id;
    EXPECT_EQ(parse(Entries().apic(1).apic(255).apic(2)), "1 2 and 1 left out") << "255 means everybody";
}

TEST(Madt, EntriesOfOtherTypesAreSkipped) {
    Entries entries;
    for (int type = 0; type < 256; ++type) {
        if (type == 0 || type == 9) continue;
        // What would be an enabled processor, were the type not looked at; and lengths that leave all
        // unaligned.
        entries.entry(static_cast<uint8_t>(type),
                      Blob().add(uint16_t{0x0505}).add(kEnabled).add(kEnabled).resize(15));
        entries.entry(static_cast<uint8_t>(type), Blob());
    }
    EXPECT_EQ(parse(entries), kNone);
    EXPECT_EQ(parse(entries.apic(3)), "3");
    EXPECT_EQ(parse(Entries().entry(1, Blob().resize(253)).apic(3)), "3") << "the longest there can be";
}

TEST(Madt, EntriesMayBeLongerThanWeKnow) {
    const Blob apic = Blob().add(uint8_t{1}).add(uint8_t{5}).add(kEnabled).add_text("later");
    const Blob x2apic = Blob().add(uint16_t{0}).add(6u).add(kEnabled).add(7u).add_text("later");
    EXPECT_EQ(parse(Entries().entry(0, apic).entry(9, x2apic).apic(7)), "5 6 7");
}

TEST(Madt, EntriesThatAreTooShort) {
    for (size_t size = 0; size < 6; ++size) {
        EXPECT_EQ(parse(Entries().apic(0).entry(0, Blob().resize(size)).apic(1)),
                  "a local APIC entry of the ACPI MADT is too short");
    }
    for (size_t size = 0; size < 14; ++size) {
        EXPECT_EQ(parse(Entries().apic(0).entry(9, Blob().resize(size)).apic(1)),
                  "a local x2APIC entry of the ACPI MADT is too short");
    }
    for (uint8_t type : {0, 1, 9, 255}) {
        for (int length : {0, 1}) {
            EXPECT_EQ(parse(Entries().apic(0).entry(type, Blob().resize(14), length).apic(1)),
                      "an entry of the ACPI MADT is smaller than its own header");
        }
    }
}

TEST(Madt, EntriesThatRunPastTheEnd) {
    for (uint8_t type : {0, 1, 9, 255}) {
        EXPECT_EQ(parse(Entries().apic(0).entry(type, Blob().resize(14), 17)), kPastTheEnd);
        EXPECT_EQ(parse(Entries().apic(0).entry(type, Blob().resize(14), 255)), kPastTheEnd);
        EXPECT_EQ(parse(Entries().apic(0).entry(type, Blob(), 3)), kPastTheEnd);
    }
    Blob stray = Entries().apic(0).table();
    stray.add(uint8_t{0});
    EXPECT_EQ(parse(stray.bytes()), "the ACPI MADT ends within an entry");
}

TEST(Madt, ATableWithoutItsOwnFields) {
    for (size_t size : {0, 36, 43}) {
        EXPECT_EQ(parse(Blob().resize(size).bytes()), "the ACPI MADT is too short for its own fields");
    }
}

TEST(Madt, SurvivesEveryMutation) {
    const Blob table = Entries()
                           .apic(0)
                           .entry(1, Blob().resize(10))
                           .x2apic(1)
                           .apic(255, 0)
                           .entry(4, Blob().resize(4))
                           .table();
    int accepted = 0, refused = 0;
    for_each_mutation(table.bytes(), 50000, [&](std::span<const std::byte> bytes) {
        ProcessorList list = used_list();
        if (const BootError error = parse_madt(bytes, list)) {
            ++refused;
            ASSERT_EQ(list.count, 0u) << error;
            return;
        }
        ++accepted;
        ASSERT_GE(list.count, 1u);
        ASSERT_LE(list.count, ProcessorList::kMaximum);
        const std::set<uint8_t> different(list.apic_ids.begin(), list.apic_ids.begin() + list.count);
        ASSERT_EQ(different.size(), list.count);
        ASSERT_EQ(different.count(255), 0u);
    });
    EXPECT_GT(accepted, 1000);
    EXPECT_GT(refused, 1000);
}

namespace {

constexpr uint64_t kRsdp = 0xf5a11, kRoot = 0x7fe1001, kMadt = 0x7fe4007;

class Processors : public testing::Test {
  protected:
    Processors() {
        memory.place(kRsdp, root_pointer(0, kRoot))
            .place(kRoot, acpi_table("XSDT", Blob().add(kMadt)))
            .place(kMadt, Entries().apic(0).x2apic(1).apic(2, 0).apic(3).table());
    }
    std::string find(uint64_t rsdp = kRsdp) {
        ProcessorList list = used_list();
        const BootError error = find_processors(rsdp, memory.reader(), list);
        return text(error, list);
    }

    FakeMemory memory;
};

}  // namespace

TEST_F(Processors, AreFoundThroughEitherList) {
    EXPECT_EQ(find(), "0 1 3");
    memory.place(kRsdp, old_root_pointer(kRoot))
        .place(kRoot, acpi_table("RSDT", Blob().add(uint32_t{kMadt})));
    EXPECT_EQ(find(), "0 1 3");
}

TEST_F(Processors, ErrorsOfEveryTableAreTold) {
    EXPECT_EQ(find(0), "the boot loader named no ACPI tables");
    memory.at(kMadt).put(kTableChecksum, 'x');
    EXPECT_EQ(find(), "the ACPI MADT has a wrong checksum");
    memory.at(kMadt).put(kTableLength, 35u);
    EXPECT_EQ(find(), "the ACPI MADT has an impossible length");
    memory.at(kMadt).put(0, 'x');
    EXPECT_EQ(find(), "the ACPI MADT is missing, or can't be reached");
    memory.at(kRoot).put(kTableChecksum, 'x');
    EXPECT_EQ(find(), "the ACPI XSDT has a wrong checksum");
    memory.at(kRsdp).put(0, 'x');
    EXPECT_EQ(find(), "the ACPI RSDP has a wrong signature");
}

TEST_F(Processors, AMadtOfAHeaderOnly) {
    memory.place(kMadt, acpi_table("APIC", Blob()));
    EXPECT_EQ(find(), "the ACPI MADT is too short for its own fields");
}

TEST_F(Processors, EveryFlippedByteIsNoticed) {
    for (uint64_t address : {kRsdp, kRoot, kMadt}) {
        const Blob whole = memory.at(address);
        for (size_t offset = 0; offset < whole.size(); ++offset) {
            for (int flip = 1; flip < 256; ++flip) {
                const auto byte = static_cast<uint8_t>(whole.bytes()[offset]);
                memory.place(address, Blob(whole).put(offset, static_cast<uint8_t>(byte ^ flip)));
                EXPECT_TRUE(find().find(" ACPI ") != std::string::npos)
                    << std::hex << address << '+' << offset << '^' << flip << ": " << find();
            }
        }
        memory.place(address, whole);
    }
    EXPECT_EQ(find(), "0 1 3");
}

TEST_F(Processors, TruncatedTablesAreOutOfReach) {
    for (uint64_t address : {kRsdp, kRoot, kMadt}) {
        const Blob whole = memory.at(address);
        for (size_t length = 0; length < whole.size(); ++length) {
            memory.place(address, Blob(whole).resize(length));
            EXPECT_TRUE(find().ends_with(" can't be reached") || find().ends_with(" its first 20 bytes"))
                << find();
        }
        memory.place(address, whole);
    }
}
