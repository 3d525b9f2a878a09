/// @file
/// Descriptor encodings and the TSS against the values that the manuals give. The order of the selectors is
/// asserted where they are defined.
#include <gtest/gtest.h>

#include <arch/x86_64/descriptors.h>
#include <arch/x86_64/task_state_segment.h>

namespace {

/// Bits [high:low] of a descriptor, as the manual's figures number them.
constexpr uint64_t bits(uint64_t value, int high, int low) {
    return value >> low & ((1ull << (high - low + 1)) - 1);
}

// Intel SDM 3A, figure 3-8 and table 3-1.
TEST(Descriptors, Ring0Code) {
    constexpr uint64_t code = code_descriptor(0);
    EXPECT_EQ(bits(code, 47, 47), 1u) << "P";
    EXPECT_EQ(bits(code, 46, 45), 0u) << "DPL";
    EXPECT_EQ(bits(code, 44, 44), 1u) << "S: code or data";
    EXPECT_EQ(bits(code, 43, 40), 0b1011u) << "type: execute, read, accessed";
    EXPECT_EQ(bits(code, 53, 53), 1u) << "L: 64-bit";
    EXPECT_EQ(bits(code, 54, 54), 0u) << "D must be 0 with L";
}

TEST(Descriptors, RingsDifferInDplOnly) {
    EXPECT_EQ(code_descriptor(0) ^ code_descriptor(3), 3ull << 45);
    EXPECT_EQ(data_descriptor(0) ^ data_descriptor(3), 3ull << 45);
}

TEST(Descriptors, Ring3Data) {
    constexpr uint64_t data = data_descriptor(3);
    EXPECT_EQ(bits(data, 47, 47), 1u) << "P";
    EXPECT_EQ(bits(data, 46, 45), 3u) << "DPL";
    EXPECT_EQ(bits(data, 44, 44), 1u) << "S: code or data";
    EXPECT_EQ(bits(data, 43, 40), 0b0011u) << "type: read, write, accessed";
    EXPECT_EQ(bits(data, 53, 53), 0u) << "L is for code only";
}

// Intel SDM 3A, figure 7-4: a base and a limit in pieces, each piece with a digit of its own.
TEST(Descriptors, TssPutsEachPieceInItsPlace) {
    constexpr auto tss = tss_descriptor(0x1122'3344'5566'7788, 0xabcde);
    EXPECT_EQ(bits(tss[0], 15, 0), 0xbcdeu) << "limit 15:0";
    EXPECT_EQ(bits(tss[0], 39, 16), 0x667788u) << "base 23:0";
    EXPECT_EQ(bits(tss[0], 43, 40), 0b1001u) << "type: available 64-bit TSS";
    EXPECT_EQ(bits(tss[0], 44, 44), 0u) << "S: system";
    EXPECT_EQ(bits(tss[0], 46, 45), 0u) << "DPL";
    EXPECT_EQ(bits(tss[0], 47, 47), 1u) << "P";
    EXPECT_EQ(bits(tss[0], 51, 48), 0xau) << "limit 19:16";
    EXPECT_EQ(bits(tss[0], 55, 52), 0u) << "G, AVL and the zeros between";
    EXPECT_EQ(bits(tss[0], 63, 56), 0x55u) << "base 31:24";
    EXPECT_EQ(tss[1], 0x1122'3344u) << "base 63:32";
}

// Intel SDM 3A, figure 7-11.
TEST(TaskStateSegment, HasTheManualsOffsets) {
    EXPECT_EQ(sizeof(TaskStateSegment), 104u);
    EXPECT_EQ(offsetof(TaskStateSegment, rsp0), 4u);
    EXPECT_EQ(offsetof(TaskStateSegment, rsp1), 12u);
    EXPECT_EQ(offsetof(TaskStateSegment, rsp2), 20u);
    EXPECT_EQ(offsetof(TaskStateSegment, ist), 36u);
    EXPECT_EQ(offsetof(TaskStateSegment, io_map_base), 102u);
}

TEST(TaskStateSegment, GivesEachStackANumberOfItsOwn) {
    for (const InterruptStack stack : {kIstNmi, kIstDebug, kIstMachineCheck, kIstDoubleFault}) {
        EXPECT_GE(stack, 1) << "0 would mean: no change of stack";
        EXPECT_LE(stack, 7);
    }
    EXPECT_NE(kIstNmi, kIstDebug);
    EXPECT_NE(kIstNmi, kIstMachineCheck);
    EXPECT_NE(kIstNmi, kIstDoubleFault);
    EXPECT_NE(kIstDebug, kIstMachineCheck);
    EXPECT_NE(kIstDebug, kIstDoubleFault);
    EXPECT_NE(kIstMachineCheck, kIstDoubleFault);
}

}  // namespace
