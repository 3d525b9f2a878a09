/// @file
/// 1.1 and 1.2: the learner's encodings, asked with numbers of this run, and the table as it lies in the
/// kernel's file.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <stdexcept>

#include <tests/grader/answers.h>
#include <tests/grader/graded_test.h>
#include <tests/harness/elf_symbols.h>
#include <tests/labs/01-gdt-tss/descriptor_fields.h>
#include <tests/system/states.h>

namespace {

class Descriptors : public grader::GradedTest {
  protected:
    /// Throws, with this likely cause for a hint, when bits [high:low] of `descriptor` are not `expected`.
    void check(uint64_t descriptor, int high, int low, uint64_t expected, const char* field,
               const char* likely_cause) {
        hint(likely_cause);
        const uint64_t found = bits(descriptor, high, low);
        if (found == expected) return;
        throw std::runtime_error(fmt::format("{}, bits {}:{}, is {:#x} in {:#x}; it should be {:#x}.", field,
                                             high, low, found, descriptor, expected));
    }
    void check_written(uint64_t descriptor) {
        hint("The function is still to be written.");
        if (descriptor == 0) throw std::runtime_error("The answer is 0.");
    }

    /// What the learner's `question` gives for rings 0 to 3.
    std::vector<uint64_t> for_each_ring(const std::string& question) {
        std::vector<uint64_t> descriptors;
        for (const auto& answer : grader::ask_many(question, {{0}, {1}, {2}, {3}}))
            descriptors.push_back(answer.at(0));
        return descriptors;
    }

    /// The fields that code and data segments have in common.
    void check_segment(uint64_t descriptor, uint64_t ring) {
        check_written(descriptor);
        check(descriptor, 47, 47, 1, "P", "Bit 47, P, says that the segment is present.");
        check(descriptor, 44, 44, 1, "S",
              "Bit 44, S, is 1 for code and data, 0 for system segments like a TSS.");
        check(descriptor, 46, 45, ring, "DPL", "The DPL, bits 46:45, is the ring that was asked for.");
    }
};

GRADED(Descriptors, Code,
       {.title = "code_descriptor() describes 64-bit code of the ring asked for",
        .section = "1.1",
        .points = 4,
        .hint = "Compare each bit with figure 3-8 and table 3-1 of the manual.",
        .unit = true}) {
    uint64_t ring = 0;
    for (const uint64_t code : for_each_ring("code")) {
        check_segment(code, ring++);
        check(code, 43, 43, 1, "type", "Bit 43 of the type tells code from data.");
        check(code, 42, 42, 0, "type", "Bit 42, conforming, would let the code run in the caller's ring.");
        check(code, 41, 40, 3, "type", "Bits 41 and 40 of the type: readable, and accessed beforehand.");
        check(code, 54, 53, 1, "D and L", "Bit 53, L, makes it 64-bit code; bit 54, D, must be 0 then.");
    }
}

GRADED(Descriptors, Data,
       {.title = "data_descriptor() describes writable data of the ring asked for",
        .section = "1.1",
        .points = 3,
        .hint = "Compare each bit with figure 3-8 and table 3-1 of the manual.",
        .unit = true}) {
    uint64_t ring = 0;
    for (const uint64_t data : for_each_ring("data")) {
        check_segment(data, ring++);
        check(data, 43, 43, 0, "type", "Bit 43 of the type is 0 for data.");
        check(data, 42, 42, 0, "type", "Bit 42 would make it expand down.");
        check(data, 41, 40, 3, "type",
              "Bits 41 and 40 of the type: writable, for SS, and accessed beforehand.");
        check(data, 53, 53, 0, "L", "Bit 53, L, is for code only.");
    }
}

GRADED(Descriptors, TaskStateSegment,
       {.title = "tss_descriptor() puts each piece of base and limit in its place",
        .section = "1.1",
        .points = 5,
        .hint = "Compare each field with figure 7-4 of the manual.",
        .unit = true}) {
    // The first numbers have a different digit in each place; the others nobody could know.
    std::vector<std::vector<uint64_t>> questions{{0x1122'3344'5566'7788, 0xabcde}};
    uint64_t random = grader::nonce();
    for (int i = 0; i < 50; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        questions.push_back({random, random >> 13 & 0xfffff});
    }
    const auto answers = grader::ask_many("tss", questions);
    for (size_t i = 0; i < questions.size(); ++i) {
        const uint64_t base = questions[i][0], limit = questions[i][1];
        const uint64_t low = answers[i].at(0), high = answers[i].at(1);
        SCOPED_TRACE(fmt::format("base {:#x}, limit {:#x}", base, limit));
        check_written(low);
        check(low, 44, 40, 0b01001, "S and type",
              "The type, bits 43:40, of a 64-bit TSS that is not busy is 1001; S, bit 44, is 0.");
        check(low, 47, 47, 1, "P", "Bit 47, P: without it LTR faults.");
        check(low, 46, 45, 0, "DPL", "The DPL of a TSS is 0.");
        const char* const limit_hint =
            "The limit comes in two pieces: bits 15:0 and 51:48 hold its bits 15:0 and 19:16.";
        check(low, 15, 0, limit & 0xffff, "Limit 15:0", limit_hint);
        check(low, 51, 48, limit >> 16, "Limit 19:16", limit_hint);
        check(low, 55, 53, 0, "G", "G, bit 55, would count the limit in pages; bits 53 and 54 are reserved.");
        check(low, 39, 16, base & 0xffffff, "Base 23:0", "The base's lower 24 bits lie at 39:16.");
        check(low, 63, 56, base >> 24 & 0xff, "Base 31:24",
              "The base's bits 31:24 lie apart from the lower ones, at 63:56.");
        check(high, 63, 0, base >> 32, "The second slot",
              "The second slot holds the base's upper half, and nothing else.");
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
    if (std::count(kinds.begin(), kinds.end(), "nothing") == std::ssize(kinds))
        hint("The table is still empty.");
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
