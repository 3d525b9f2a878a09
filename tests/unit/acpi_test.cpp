/// @file
/// The way from the RSDP to a table, in an imaginary physical memory.

#include <gtest/gtest.h>

#include <string>

#include <kernel/acpi/acpi.h>
#include <tests/unit/support/acpi_tables.h>

namespace {

// Nothing here is aligned, as ACPI has it.
constexpr uint64_t kRsdp = 0xf5a11;
constexpr uint64_t kRsdt = 0x7fe1001;
constexpr uint64_t kXsdt = 0x1'0000'2003;  // beyond what the RSDT could name
constexpr uint64_t kOther = 0x7fe3005;
constexpr uint64_t kTable = 0x7fe4007;
constexpr uint64_t kHighTable = 0x2'0000'5009;
constexpr uint64_t kNowhere = 0x123456;

constexpr TableKind kKind{.signature = "GOAL", .name = "goal"};

const std::string kMissing = "the ACPI goal is missing, or can't be reached";
const std::string kUnreachable = "the ACPI goal can't be reached";
const std::string kNoXsdt = "the ACPI XSDT can't be reached";
const std::string kNoRsdt = "the ACPI RSDT can't be reached";
const std::string kNoPointer = "the ACPI RSDP can't be reached";

Blob rsdt(std::initializer_list<uint32_t> entries) {
    Blob body;
    for (uint32_t entry : entries) body.add(entry);
    return acpi_table("RSDT", body);
}

Blob xsdt(std::initializer_list<uint64_t> entries) {
    Blob body;
    for (uint64_t entry : entries) body.add(entry);
    return acpi_table("XSDT", body);
}

Blob goal(std::string_view text) {
    return acpi_table("GOAL", Blob().add_text(text));
}

/// Both lists: the RSDT leads to another table than the XSDT, so that it shows which one was followed.
class Acpi : public testing::Test {
  protected:
    Acpi() {
        memory.place(kRsdp, root_pointer(kRsdt, kXsdt))
            .place(kRsdt, rsdt({kOther, kTable}))
            .place(kXsdt, xsdt({kOther, kHighTable}))
            .place(kOther, acpi_table("HPET", Blob().resize(20)))
            .place(kTable, goal("by the RSDT"))
            .place(kHighTable, goal("by the XSDT"));
    }

    /// The text in the table that is found, or the error.
    std::string find(uint64_t rsdp = kRsdp) {
        std::span<const std::byte> table;
        if (BootError error = find_table(rsdp, memory.reader(), kKind, table)) {
            EXPECT_TRUE(table.empty()) << "untouched for an error";
            return error;
        }
        if (table.size() < 36) return "a table without a header";
        return std::string(reinterpret_cast<const char*>(table.data()) + 36, table.size() - 36);
    }

    FakeMemory memory;
};

/// What one bit, or all of them, may do to a byte.
constexpr uint8_t kFlips[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};

}  // namespace

TEST_F(Acpi, FollowsTheXsdt) {
    EXPECT_EQ(find(), "by the XSDT");
}

TEST_F(Acpi, FollowsTheRsdtOfAcpi1) {
    memory.place(kRsdp, old_root_pointer(kRsdt));
    EXPECT_EQ(find(), "by the RSDT");
}

TEST_F(Acpi, FollowsTheRsdtWhereTheRsdpNamesNoXsdt) {
    memory.place(kRsdp, root_pointer(kRsdt, 0));
    EXPECT_EQ(find(), "by the RSDT");
}

TEST_F(Acpi, TheXsdtCountsFromRevision2On) {
    memory.place(kRsdp, root_pointer(kRsdt, kXsdt, 1));
    EXPECT_EQ(find(), "by the RSDT");
    memory.place(kRsdp, root_pointer(kRsdt, kXsdt, 3));
    EXPECT_EQ(find(), "by the XSDT");
}

TEST_F(Acpi, NoRsdp) {
    EXPECT_EQ(find(0), "the boot loader named no ACPI tables");
    EXPECT_EQ(memory.granted(), 0u);
}

TEST_F(Acpi, AnRsdpOutOfReach) {
    for (uint64_t address : {kNowhere, UINT64_MAX, UINT64_MAX - 19, UINT64_MAX - 35, kRsdp - 1, kRsdp + 17})
        EXPECT_EQ(find(address), kNoPointer) << address;
}

TEST_F(Acpi, AnRsdpAtTheEndOfTheAddressSpace) {
    const uint64_t address = UINT64_MAX - 25;
    memory.place(address, old_root_pointer(kRsdt));
    EXPECT_EQ(find(address), "by the RSDT");
    memory.place(address, old_root_pointer(kRsdt, 2));
    EXPECT_EQ(find(address), "the ACPI RSDP is cut off behind its first 20 bytes");
}

TEST_F(Acpi, AnRsdpWithAWrongSignature) {
    fix_pointer(memory.at(kRsdp).put(7, '_'));
    EXPECT_EQ(find(), "the ACPI RSDP has a wrong signature");
}

TEST_F(Acpi, AnRsdpWithAWrongChecksum) {
    memory.at(kRsdp).put(10, 'x');
    EXPECT_EQ(find(), "the ACPI RSDP has a wrong checksum");
    memory.place(kRsdp, old_root_pointer(kRsdt));
    memory.at(kRsdp).put(10, 'x');
    EXPECT_EQ(find(), "the ACPI RSDP has a wrong checksum");
}

TEST_F(Acpi, AnRsdpWithAWrongExtendedChecksum) {
    for (size_t offset = 33; offset < 36; ++offset) {
        memory.place(kRsdp, root_pointer(kRsdt, kXsdt).put(offset, uint8_t{1}));
        EXPECT_EQ(find(), "the ACPI RSDP has a wrong extended checksum") << offset;
    }
}

TEST_F(Acpi, AnRsdpWithAnImpossibleLength) {
    for (uint32_t length : {0u, 20u, 35u, 0x100001u, 0xffffffffu}) {
        fix_pointer(memory.at(kRsdp).put(kPointerLength, length));
        EXPECT_EQ(find(), "the ACPI RSDP has an impossible length") << length;
    }
    fix_pointer(memory.at(kRsdp).put(kPointerLength, uint32_t{37}));
    EXPECT_EQ(find(), "the ACPI RSDP is longer than the memory it lies in");
}

TEST_F(Acpi, ALongerRsdpOfALaterVersion) {
    memory.at(kRsdp).put(kPointerLength, uint32_t{40}).add(uint32_t{0x01020304});
    EXPECT_EQ(find(), "the ACPI RSDP has a wrong extended checksum") << "all of it counts";
    fix_pointer(memory.at(kRsdp));
    EXPECT_EQ(find(), "by the XSDT");
}

TEST_F(Acpi, AnRsdpWithoutAnyTables) {
    memory.place(kRsdp, root_pointer(0, 0));
    EXPECT_EQ(find(), "the ACPI RSDP names neither an XSDT nor an RSDT");
    memory.place(kRsdp, old_root_pointer(0));
    EXPECT_EQ(find(), "the ACPI RSDP names neither an XSDT nor an RSDT");
}

TEST_F(Acpi, AnXsdtOutOfReachIsNotReplacedByTheRsdt) {
    for (uint64_t address : {kNowhere, UINT64_MAX, UINT64_MAX - 35, kXsdt - 1}) {
        memory.place(kRsdp, root_pointer(kRsdt, address));
        EXPECT_EQ(find(), kNoXsdt) << address;
    }
}

TEST_F(Acpi, ABrokenXsdtIsNotReplacedByTheRsdt) {
    fix_checksum(memory.at(kXsdt).put(0, 'R'));
    EXPECT_EQ(find(), "the ACPI XSDT has a wrong signature");
    memory.place(kXsdt, xsdt({kHighTable}).put(20, 'x'));
    EXPECT_EQ(find(), "the ACPI XSDT has a wrong checksum");
    memory.place(kXsdt, acpi_table("XSDT", Blob().add(kHighTable).add(uint32_t{0})));
    EXPECT_EQ(find(), "the ACPI XSDT ends within an entry");
    for (uint32_t length : {0u, 35u, 0x100001u, 0xffffffffu}) {
        memory.place(kXsdt, xsdt({kHighTable}).put(kTableLength, length));
        EXPECT_EQ(find(), "the ACPI XSDT has an impossible length") << length;
    }
    memory.place(kXsdt, xsdt({kHighTable}).put(kTableLength, uint32_t{36 + 16}));
    EXPECT_EQ(find(), kNoXsdt);
}

TEST_F(Acpi, ABrokenRsdt) {
    memory.place(kRsdp, old_root_pointer(kNowhere));
    EXPECT_EQ(find(), kNoRsdt);
    memory.place(kRsdp, old_root_pointer(kRsdt));
    fix_checksum(memory.at(kRsdt).put(0, 'X'));
    EXPECT_EQ(find(), "the ACPI RSDT has a wrong signature");
    memory.place(kRsdt, rsdt({kTable}).put(20, 'x'));
    EXPECT_EQ(find(), "the ACPI RSDT has a wrong checksum");
    memory.place(kRsdt, acpi_table("RSDT", Blob().add(uint32_t{kTable}).add(uint16_t{0})));
    EXPECT_EQ(find(), "the ACPI RSDT ends within an entry");
    memory.place(kRsdt, rsdt({kTable}).put(kTableLength, uint32_t{35}));
    EXPECT_EQ(find(), "the ACPI RSDT has an impossible length");
    memory.place(kRsdt, rsdt({kTable}).put(kTableLength, uint32_t{36 + 8}));
    EXPECT_EQ(find(), kNoRsdt);
}

TEST_F(Acpi, AnEmptyList) {
    memory.place(kXsdt, xsdt({}));
    EXPECT_EQ(find(), kMissing);
    memory.place(kRsdp, old_root_pointer(kRsdt)).place(kRsdt, rsdt({}));
    EXPECT_EQ(find(), kMissing);
}

TEST_F(Acpi, OtherTablesDontMatter) {
    memory.at(kOther).put(kTableLength, 0xffffffffu);  // and no checksum that fits
    memory.place(kXsdt, xsdt({0, kNowhere, kOther, UINT64_MAX, UINT64_MAX - 35, kHighTable + 1, kHighTable}));
    EXPECT_EQ(find(), "by the XSDT");
    memory.place(kRsdp, old_root_pointer(kRsdt))
        .place(kRsdt, rsdt({0, kNowhere, kOther, 0xffffffff, kTable}));
    EXPECT_EQ(find(), "by the RSDT");
}

TEST_F(Acpi, TheFirstOfSeveralIsTaken) {
    memory.place(kXsdt, xsdt({kTable, kHighTable}));
    EXPECT_EQ(find(), "by the RSDT") << "its table, in the XSDT";
    memory.at(kTable).put(36, 'x');
    EXPECT_EQ(find(), "the ACPI goal has a wrong checksum") << "and no better one is looked for";
}

TEST_F(Acpi, ABrokenTable) {
    memory.at(kHighTable).put(36, 'x');
    EXPECT_EQ(find(), "the ACPI goal has a wrong checksum");
    for (uint32_t length : {0u, 35u, 0x100001u, 0xffffffffu}) {
        memory.place(kHighTable, goal("").put(kTableLength, length));
        EXPECT_EQ(find(), "the ACPI goal has an impossible length") << length;
    }
    memory.place(kHighTable, goal("").put(kTableLength, uint32_t{37}));
    EXPECT_EQ(find(), kUnreachable);
    memory.place(kHighTable, goal(""));
    EXPECT_EQ(find(), "") << "one that is a header only is whole";
}

TEST_F(Acpi, TheLongestTable) {
    memory.place(kHighTable, goal(std::string(0x100000 - 36, 'a')));
    EXPECT_EQ(find(), std::string(0x100000 - 36, 'a'));
}

TEST_F(Acpi, ATableThatWrapsRound) {
    const uint64_t address = UINT64_MAX - 40;
    memory.place(kXsdt, xsdt({address})).place(address, goal("1234"));
    EXPECT_EQ(find(), "1234");
    for (uint32_t length : {41u, 42u, 100u}) {
        memory.place(address, goal("12345678").put(kTableLength, length).resize(40));
        EXPECT_EQ(find(), kUnreachable) << length;
    }
}

TEST_F(Acpi, EveryFlippedByteOnTheWayIsNoticed) {
    for (uint64_t address : {kRsdp, kXsdt, kHighTable}) {
        const Blob whole = memory.at(address);
        for (size_t offset = 0; offset < whole.size(); ++offset) {
            for (uint8_t flip : kFlips) {
                const auto byte = static_cast<uint8_t>(whole.bytes()[offset]);
                memory.place(address, Blob(whole).put(offset, static_cast<uint8_t>(byte ^ flip)));
                EXPECT_NE(find(), "by the XSDT") << std::hex << address << '+' << offset << '^' << +flip;
            }
        }
        memory.place(address, whole);
    }
    EXPECT_EQ(find(), "by the XSDT");
}

TEST_F(Acpi, FlippedBytesElsewhereAreNotNoticed) {
    for (uint64_t address : {kRsdt, kTable, kOther}) {
        for (size_t offset = 0; offset < memory.at(address).size(); ++offset)
            memory.at(address).put(offset, '\xff');
    }
    EXPECT_EQ(find(), "by the XSDT");
}

TEST_F(Acpi, TruncatedTables) {
    for (uint64_t address : {kRsdp, kXsdt, kHighTable}) {
        const Blob whole = memory.at(address);
        for (size_t length = 0; length < whole.size(); ++length) {
            memory.place(address, Blob(whole).resize(length));
            const std::string rsdp =
                length < 20 ? kNoPointer : "the ACPI RSDP is cut off behind its first 20 bytes";
            EXPECT_EQ(find(), address == kRsdp   ? rsdp
                              : address == kXsdt ? kNoXsdt
                              : length < 36      ? kMissing
                                                 : kUnreachable)
                << length;
        }
        memory.place(address, whole);
    }
}
