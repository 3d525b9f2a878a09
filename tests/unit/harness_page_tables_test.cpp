/// @file
/// The harness's page-table walk, on tables made here.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <vector>

#include <tests/harness/page_tables.h>

namespace {

using harness::Mapping;
using harness::PageTables;

constexpr uint64_t kNoExecute = 1ull << 63;

/// Physical memory that consists of page tables.
struct Memory {
    std::map<uint64_t, std::array<uint64_t, 512>> tables;
    size_t reads = 0;

    PageTables walker(uint64_t cr3) {
        return PageTables(
            [this](uint64_t address, size_t size) {
                ++reads;
                std::vector<uint8_t> bytes(size);
                std::memcpy(bytes.data(), tables.at(address).data(), size);
                return bytes;
            },
            cr3);
    }
};

TEST(HarnessPageTables, CombinesTheRightsOfAllLevels) {
    Memory memory;
    memory.tables[0x1000][511] = 0x2000 | 7;
    memory.tables[0x2000][510] = 0x3000 | 7 | kNoExecute;
    memory.tables[0x3000][1] = 0x4000 | 5;
    memory.tables[0x4000][2] = 0xabc000 | 7;
    memory.tables[0x4000][3] = 0xabd000 | 3;
    memory.tables[0x3000][2] = 0x600000 | 0x1000 | 0x87;  // large, with its PAT bit
    const std::vector<Mapping> expected = {
        {0xffffffff80202000, 0xabc000, 0x1000, false, true, true},
        {0xffffffff80203000, 0xabd000, 0x1000, false, false, true},
        {0xffffffff80400000, 0x600000, 0x200000, true, true, true},
    };
    PageTables tables = memory.walker(0x1000 | 0x18);  // CR3's cache bits are not part of the address
    EXPECT_EQ(tables.mappings(), expected);
    EXPECT_EQ(memory.reads, 4u);
    EXPECT_EQ(tables.lookup(0xffffffff80202fff), expected[0]);
    EXPECT_EQ(tables.lookup(0xffffffff805fffff), expected[2]);
    EXPECT_EQ(tables.lookup(0xffffffff80201000), std::nullopt);
    EXPECT_EQ(tables.lookup(0), std::nullopt);
    EXPECT_EQ(tables.lookup(0x0000ffff80202000), std::nullopt);  // not canonical
    EXPECT_EQ(memory.reads, 4u);
    EXPECT_EQ(harness::format_mapping(expected[0]), "ffffffff80202000 -> abc000, 0x1000 bytes, r-- user");
}

TEST(HarnessPageTables, EndlessTablesAreRefused) {
    Memory memory;
    memory.tables[0x1000].fill(0x1000 | 3);
    PageTables tables = memory.walker(0x1000);
    EXPECT_THROW(tables.mappings(), std::runtime_error);
}

TEST(HarnessPageTables, NotPresentEntriesMayHoldAnything) {
    Memory memory;
    memory.tables[0x1000].fill(0xfffffffffffffffe);
    EXPECT_TRUE(memory.walker(0x1000).mappings().empty());
}

}  // namespace
