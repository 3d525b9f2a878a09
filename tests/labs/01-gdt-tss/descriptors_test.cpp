/// @file
/// 1.1 and 1.2: the learner's encodings, asked with numbers of this run, and the table as it lies in the
/// kernel's file.
#include <fmt/format.h>

#include <cstring>

#include <tests/grader/answers.h>
#include <tests/grader/graded_test.h>
#include <tests/harness/elf_symbols.h>
#include <tests/labs/01-gdt-tss/descriptor_fields.h>
#include <tests/system/states.h>

namespace {

class Descriptors : public grader::GradedTest {
  protected:
    /// What the learner's `question` gives for rings 0 to 3.
    std::vector<std::vector<uint64_t>> for_each_ring(const std::string& question) {
        return grader::ask_many(question, {{0}, {1}, {2}, {3}});
    }

    /// The fields that code and data segments have in common.
    void check_segment(uint64_t descriptor, uint64_t ring) {
        hint("Bit 47, P, says that the segment is present.");
        ASSERT_EQ(bits(descriptor, 47, 47), 1u) << fmt::format("P in {:#x}", descriptor);
        hint("Bit 44, S, is 1 for code and data and 0 for system segments such as a TSS.");
        ASSERT_EQ(bits(descriptor, 44, 44), 1u) << fmt::format("S in {:#x}", descriptor);
        hint("The DPL, bits 46:45, is the ring that was asked for.");
        ASSERT_EQ(bits(descriptor, 46, 45), ring) << fmt::format("DPL in {:#x}", descriptor);
    }
};

GRADED(Descriptors, Code,
       {.title = "code_descriptor() describes 64-bit code of the ring asked for",
        .section = "1.1",
        .points = 4,
        .hint = "Compare each bit with figure 3-8 and table 3-1 of the manual.",
        .unit = true}) {
    const auto answers = for_each_ring("code");
    for (uint64_t ring = 0; ring < answers.size(); ++ring) {
        hint("");
        ASSERT_EQ(answers[ring].size(), 1u);
        const uint64_t code = answers[ring][0];
        check_segment(code, ring);
        hint("Bit 43 of the type tells code from data.");
        ASSERT_EQ(bits(code, 43, 43), 1u) << fmt::format("type in {:#x}", code);
        hint("A conforming segment, bit 42, would keep the caller's ring.");
        ASSERT_EQ(bits(code, 42, 42), 0u) << fmt::format("type in {:#x}", code);
        hint("Bits 41 and 40 of the type: readable, and accessed beforehand.");
        ASSERT_EQ(bits(code, 41, 40), 3u) << fmt::format("type in {:#x}", code);
        hint("Bit 53, L, makes it 64-bit code; bit 54, D, must be 0 then.");
        ASSERT_EQ(bits(code, 54, 53), 1u) << fmt::format("D and L in {:#x}", code);
    }
}

GRADED(Descriptors, Data,
       {.title = "data_descriptor() describes writable data of the ring asked for",
        .section = "1.1",
        .points = 3,
        .hint = "Compare each bit with figure 3-8 and table 3-1 of the manual.",
        .unit = true}) {
    const auto answers = for_each_ring("data");
    for (uint64_t ring = 0; ring < answers.size(); ++ring) {
        hint("");
        ASSERT_EQ(answers[ring].size(), 1u);
        const uint64_t data = answers[ring][0];
        check_segment(data, ring);
        hint("Bit 43 of the type is 0 for data.");
        ASSERT_EQ(bits(data, 43, 43), 0u) << fmt::format("type in {:#x}", data);
        hint("Bit 42 would make it expand down.");
        ASSERT_EQ(bits(data, 42, 42), 0u) << fmt::format("type in {:#x}", data);
        hint("Bits 41 and 40 of the type: writable, as SS needs it, and accessed beforehand.");
        ASSERT_EQ(bits(data, 41, 40), 3u) << fmt::format("type in {:#x}", data);
        hint("Bit 53, L, is for code only.");
        ASSERT_EQ(bits(data, 53, 53), 0u) << fmt::format("L in {:#x}", data);
    }
}

GRADED(Descriptors, TaskStateSegment,
       {.title = "tss_descriptor() puts each piece of base and limit in its place",
        .section = "1.1",
        .points = 5,
        .hint = "Compare each field with figure 7-4 of the manual.",
        .unit = true}) {
    // The first number has a different digit in each place; the others nobody could know.
    std::vector<std::vector<uint64_t>> questions{{0x1122'3344'5566'7788, 0xabcde}};
    uint64_t random = grader::nonce();
    for (int i = 0; i < 50; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        questions.push_back({random, random >> 13 & 0xfffff});
    }
    const auto answers = grader::ask_many("tss", questions);
    for (size_t i = 0; i < questions.size(); ++i) {
        hint("");
        ASSERT_EQ(answers[i].size(), 2u);
        const uint64_t base = questions[i][0], limit = questions[i][1];
        const uint64_t low = answers[i][0], high = answers[i][1];
        SCOPED_TRACE(fmt::format("base {:#x}, limit {:#x}: {:#x}, {:#x}", base, limit, low, high));
        hint("The type, bits 43:40, of a 64-bit TSS that is not busy is 1001; S, bit 44, is 0.");
        ASSERT_EQ(bits(low, 44, 40), 0b01001u) << "S and type";
        hint("Bit 47, P: without it LTR faults.");
        ASSERT_EQ(bits(low, 47, 47), 1u) << "P";
        hint("The DPL of a TSS is 0.");
        ASSERT_EQ(bits(low, 46, 45), 0u) << "DPL";
        hint("The limit comes in two pieces: bits 15:0 and 51:48 hold its bits 15:0 and 19:16.");
        ASSERT_EQ(bits(low, 15, 0), limit & 0xffff) << "limit 15:0";
        ASSERT_EQ(bits(low, 51, 48), limit >> 16) << "limit 19:16";
        hint("G, bit 55, would count the limit in pages; bits 53 and 54 are reserved.");
        ASSERT_EQ(bits(low, 55, 53), 0u) << "G and reserved bits";
        hint("The base's lower 24 bits lie at 39:16.");
        ASSERT_EQ(bits(low, 39, 16), base & 0xffffff) << "base 23:0";
        hint("The base's bits 31:24 lie apart from the lower ones, at 63:56.");
        ASSERT_EQ(bits(low, 63, 56), base >> 24 & 0xff) << "base 31:24";
        hint("The second slot holds the base's upper half, and nothing else.");
        ASSERT_EQ(high, base >> 32) << "base 63:32";
    }
}

class Gdt : public grader::GradedTest {};

GRADED(
    Gdt, Order,
    {.title = "Each selector leads to its segment, in the order that SYSCALL and SYSRET count in",
     .section = "1.2",
     .points = 8,
     .needs = {"Descriptors.Code", "Descriptors.Data"},
     .hint =
         "A selector without its lowest three bits is the offset of its slot in bytes: slot = selector / 8.",
     .unit = true}) {
    const harness::ElfSymbols symbols(built_file(grader::state_under_test(), "trapline.elf"));
    const auto bytes = symbols.bytes_at(symbols.value("kInitialGdt"), 9 * 8);
    std::array<uint64_t, 9> slots{};
    std::memcpy(slots.data(), bytes.data(), sizeof slots);
    std::array<std::string, 9> kinds;
    for (size_t i = 0; i < slots.size(); ++i) kinds[i] = segment_kind(slots[i]);

    hint("The first slot is the null descriptor: the processor never looks at it.");
    ASSERT_EQ(kinds[0], "nothing");
    hint("");
    EXPECT_EQ(kinds[1], "nothing") << "at 0x08";
    EXPECT_EQ(kinds[2], "64-bit code of ring 0") << "at 0x10";
    hint("SYSCALL takes SS from the slot behind that of CS: ring 0's data follows its code.");
    EXPECT_EQ(kinds[3], "data of ring 0") << "at 0x18";
    hint("SYSRET counts from 0x20: data for SS is 8 further, 64-bit code for CS 16. Data comes first.");
    EXPECT_EQ(kinds[5], "data of ring 3") << "at 0x28";
    EXPECT_EQ(kinds[6], "64-bit code of ring 3") << "at 0x30";
    hint("At 0x20 SYSRET would find 32-bit code, which this kernel has not: the slot stays empty.");
    EXPECT_EQ(kinds[4], "nothing") << "at 0x20";
    hint("The TSS's two slots are filled when its address is known.");
    EXPECT_EQ(slots[7], 0u) << "at 0x38";
    EXPECT_EQ(slots[8], 0u) << "at 0x40";
}

}  // namespace
