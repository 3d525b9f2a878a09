/// @file
/// The disassembler: instructions as objdump decodes them, bytes that are none, cut and random input.

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <kernel/debug/disassembler.h>

namespace {

struct Case {
    uint64_t address;
    std::string_view bytes;
    std::string_view text;
};

constexpr Case kCases[] = {
#include <tests/unit/disassembler_cases.inc>
};

/// The bytes that `hex` spells, as in "0f 1e fa", in memory of exactly that size: the sanitizers see each
/// read behind the end.
std::vector<std::byte> bytes(std::string_view hex) {
    std::vector<std::byte> result;
    for (size_t i = 0; i + 2 <= hex.size(); i += 3) {
        uint8_t value = 0;
        EXPECT_EQ(std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16).ptr, hex.data() + i + 2)
            << hex;
        result.push_back(std::byte{value});
    }
    result.shrink_to_fit();
    return result;
}

std::string text_of(std::string_view hex, uint64_t address = 0x1000) {
    return disassemble(bytes(hex), address).text.data();
}

size_t length_of(std::string_view hex) {
    return disassemble(bytes(hex), 0x1000).length;
}

}  // namespace

TEST(Disassembler, LengthsAndTextsOfObjdump) {
    for (const Case& c : kCases) {
        const std::vector<std::byte> code = bytes(c.bytes);
        const Instruction instruction = disassemble(code, c.address);
        EXPECT_EQ(instruction.length, code.size()) << c.bytes << " " << c.text;
        EXPECT_EQ(std::string_view(instruction.text.data()), c.text) << c.bytes;
    }
}

TEST(Disassembler, WhatFollowsAnInstructionDoesNotMatter) {
    for (const Case& c : kCases) {
        for (const uint8_t filler : {0x00, 0x0f, 0x48, 0x66, 0xcc, 0xff}) {
            std::vector<std::byte> code = bytes(c.bytes);
            const size_t length = code.size();
            code.resize(length + 15, std::byte{filler});
            const Instruction instruction = disassemble(code, c.address);
            EXPECT_EQ(instruction.length, length) << c.bytes;
            EXPECT_EQ(std::string_view(instruction.text.data()), c.text) << c.bytes;
        }
    }
}

TEST(Disassembler, ACutInstructionIsNone) {
    for (const Case& c : kCases) {
        const std::vector<std::byte> code = bytes(c.bytes);
        for (size_t length = 0; length < code.size(); ++length) {
            const std::vector<std::byte> cut(code.begin(), code.begin() + static_cast<ptrdiff_t>(length));
            const Instruction instruction = disassemble(cut, c.address);
            EXPECT_EQ(instruction.length, 0u) << c.bytes << " cut to " << length;
            EXPECT_STREQ(instruction.text.data(), "(bad)");
        }
    }
}

TEST(Disassembler, TheMiddleOfACallIsNoInstruction) {
    const Instruction call = disassemble(bytes("ff 15 fc 1e 00 00"), 0x100b6);
    EXPECT_EQ(call.length, 6u);
    EXPECT_STREQ(call.text.data(), "call *0x1efc(%rip)        # 0x11fb8");
    // Three bytes on stands 1e: push %ds, which 64-bit mode has not.
    const Instruction middle = disassemble(bytes("1e 00 00"), 0x100b9);
    EXPECT_EQ(middle.length, 0u);
    EXPECT_STREQ(middle.text.data(), "(bad)");
}

TEST(Disassembler, OpcodesThat64BitModeHasNot) {
    constexpr std::string_view kInvalid[] = {
        "06",       "07",       "0e",       "16",       "17",       "1e",       "1f",       "27",
        "2f",       "37",       "3f",       "60",       "61",       "62",       "82",       "9a",
        "c4",       "c5",       "ce",       "d4",       "d5",       "d6",       "ea",       "0f 04",
        "0f 0a",    "0f 0c",    "0f 24",    "0f 26",    "0f 36",    "0f 39",    "0f 3f",    "0f 7a",
        "0f a6",    "0f a7",    "0f b8",    "0f 38 0c", "0f 38 11", "0f 38 16", "0f 38 18", "0f 38 1f",
        "0f 38 26", "0f 38 2c", "0f 38 36", "0f 38 42", "0f 38 83", "0f 38 ce", "0f 38 d0", "0f 38 e0",
        "0f 38 f2", "0f 38 f7", "0f 38 fa", "0f 38 ff", "0f 3a 00", "0f 3a 10", "0f 3a 18", "0f 3a 23",
        "0f 3a 43", "0f 3a 45", "0f 3a 64", "0f 3a cd", "0f 3a d0", "0f 3a e0"};
    for (const std::string_view hex : kInvalid) {
        std::vector<std::byte> code = bytes(hex);
        code.resize(15);
        EXPECT_EQ(disassemble(code, 0).length, 0u) << hex;
        code.insert(code.begin(), std::byte{0x48});
        EXPECT_EQ(disassemble(code, 0).length, 0u) << "48 " << hex;
    }
}

TEST(Disassembler, ModRMThatTheOpcodeHasNot) {
    EXPECT_EQ(length_of("8d 00"), 2u);
    EXPECT_EQ(length_of("8d c0"), 0u);  // lea of a register
    EXPECT_EQ(length_of("8f c0"), 2u);
    EXPECT_EQ(length_of("8f c8"), 0u);  // group 1A has only pop
    EXPECT_EQ(length_of("c6 c0 00"), 3u);
    EXPECT_EQ(length_of("c6 c8 00"), 0u);
    EXPECT_EQ(length_of("fe c8"), 2u);
    EXPECT_EQ(length_of("fe d0"), 0u);  // group 4: inc and dec
    EXPECT_EQ(length_of("ff f0"), 2u);
    EXPECT_EQ(length_of("ff f8"), 0u);
    EXPECT_EQ(length_of("ff d8"), 0u);  // far call through a register
    EXPECT_EQ(length_of("8c e8"), 2u);
    EXPECT_EQ(length_of("8c f0"), 0u);  // there are six segment registers
    EXPECT_EQ(length_of("0f ba e0 01"), 4u);
    EXPECT_EQ(length_of("0f ba c0 01"), 0u);
    EXPECT_EQ(length_of("0f 01 f8"), 3u);
    for (const std::string_view hex : {"0f 01 c0", "0f 01 c5", "0f 01 cc", "0f 01 d2", "0f 01 fa"}) {
        EXPECT_EQ(length_of(hex), 0u) << hex;
    }
    EXPECT_EQ(length_of("0f c7 c8"), 0u);  // cmpxchg8b of a register
    EXPECT_EQ(length_of("66 0f d7 c0"), 4u);
    EXPECT_EQ(length_of("66 0f d7 00"), 0u);  // pmovmskb from memory
    // Moves to and from control registers ignore ModRM.mod: no displacement follows.
    EXPECT_EQ(text_of("0f 22 18"), "mov %rax,%cr3");
    EXPECT_EQ(length_of("0f 20 44"), 3u);
}

TEST(Disassembler, PrefixesThatChooseTheInstruction) {
    EXPECT_EQ(length_of("0f 6f c1"), 3u);
    EXPECT_EQ(length_of("66 0f 6f c1"), 4u);
    EXPECT_EQ(length_of("f3 0f 6f c1"), 4u);
    EXPECT_EQ(length_of("f2 0f 6f c1"), 0u);
    EXPECT_EQ(length_of("0f 6c c1"), 0u);
    EXPECT_EQ(length_of("0f ae c0"), 0u);
    EXPECT_EQ(text_of("f3 0f ae c0"), "rdfsbase %eax");
    EXPECT_EQ(text_of("90"), "nop");
    EXPECT_EQ(text_of("f3 90"), "pause");
    EXPECT_EQ(text_of("66 90"), "nop");
    EXPECT_EQ(text_of("f3 0f 1e fa"), "endbr64");
    EXPECT_EQ(text_of("f3 0f b9 c8"), "ud1 %eax,%ecx");
    EXPECT_EQ(text_of("0f 1e fa"), "nop %edx");
}

TEST(Disassembler, PrefixesAndTheSizeOfWhatFollows) {
    EXPECT_EQ(length_of("05 01 02 03 04"), 5u);
    EXPECT_EQ(length_of("66 05 01 02"), 4u);
    EXPECT_EQ(length_of("48 05 01 02 03 04"), 6u);
    EXPECT_EQ(length_of("66 48 05 01 02 03 04"), 7u) << "REX.W wins over 66";
    EXPECT_EQ(length_of("48 66 05 01 02"), 5u) << "only a REX prefix directly before the opcode counts";
    EXPECT_EQ(text_of("48 66 05 01 02"), "add $0x201,%ax");
    EXPECT_EQ(length_of("b8 01 02 03 04"), 5u);
    EXPECT_EQ(length_of("66 b8 01 02"), 4u);
    EXPECT_EQ(length_of("48 b8 01 02 03 04 05 06 07 08"), 10u);
    EXPECT_EQ(length_of("a1 01 02 03 04 05 06 07 08"), 9u);
    EXPECT_EQ(length_of("67 a1 01 02 03 04"), 6u);
    EXPECT_EQ(length_of("e8 01 02 03 04"), 5u);
    EXPECT_EQ(length_of("66 e8 01 02"), 4u);
    EXPECT_EQ(text_of("67 8b 45 fc"), "mov -0x4(%ebp),%eax");
    EXPECT_EQ(text_of("67 e8 00 00 00 00"), "call 0x1006");
    EXPECT_EQ(text_of("66 e8 01 02", 0x12345), "callw 0x254a");
    EXPECT_EQ(length_of("48 e8 01 02 03 04"), 6u);
    EXPECT_EQ(text_of("48 ed"), "in (%dx),%eax") << "ports have at most 32 bits";
    EXPECT_EQ(text_of("9b"), "fwait");
}

TEST(Disassembler, TargetsWrapAround) {
    EXPECT_EQ(text_of("eb fe", 0xffffffffffffffff), "jmp 0xffffffffffffffff");
    EXPECT_EQ(text_of("e8 00 00 00 00", 0xfffffffffffffffe), "call 0x3");
    EXPECT_EQ(text_of("8b 05 f0 ff ff ff", 0), "mov -0x10(%rip),%eax        # 0xfffffffffffffff6");
    EXPECT_EQ(text_of("8b 80 00 00 00 80"), "mov -0x80000000(%rax),%eax");
}

TEST(Disassembler, FifteenBytesAreTheLimit) {
    std::vector<std::byte> code(14, std::byte{0x66});
    code.push_back(std::byte{0x90});
    EXPECT_EQ(disassemble(code, 0).length, 15u);
    code.insert(code.begin(), std::byte{0x66});
    EXPECT_EQ(disassemble(code, 0).length, 0u);
    EXPECT_EQ(disassemble({}, 0).length, 0u);
}

TEST(Disassembler, PrefixesThatChangeNothingAreNotShown) {
    EXPECT_EQ(text_of("26 2e 36 3e 67 66 f4"), "hlt");
    EXPECT_EQ(text_of("64 f2 c3"), "ret");
    EXPECT_EQ(text_of("26 67 f0 ff 00"), "lock incl (%eax)");
}

TEST(Disassembler, RandomBytesStayInBounds) {
    std::mt19937_64 random(20240607);
    size_t valid = 0;
    constexpr size_t kRounds = 100'000;
    for (size_t round = 0; round < kRounds; ++round) {
        std::vector<std::byte> code(random() % 18);
        for (std::byte& b : code) b = static_cast<std::byte>(random());
        // Half of the time behind an escape or a prefix, where the rarer forms are.
        constexpr std::byte kStarts[] = {std::byte{0x0f}, std::byte{0x66}, std::byte{0xf3}, std::byte{0x48}};
        if (!code.empty() && round % 2 == 0) code[0] = kStarts[random() % std::size(kStarts)];
        code.shrink_to_fit();

        const Instruction instruction = disassemble(code, random());
        ASSERT_LE(instruction.length, std::min<size_t>(code.size(), 15));
        const std::string_view text(instruction.text.data(), instruction.text.size());
        ASSERT_NE(text.find('\0'), std::string_view::npos);
        ASSERT_EQ(instruction.length == 0, std::string_view(text.data()) == "(bad)");
        if (instruction.length == 0) continue;
        ++valid;
        // The bytes of the instruction alone say the same.
        code.resize(instruction.length);
        code.shrink_to_fit();
        ASSERT_EQ(disassemble(code, 0).length, instruction.length);
    }
    // Neither everything nor nothing is an instruction.
    EXPECT_GT(valid, kRounds / 3);
    EXPECT_LT(valid, kRounds * 9 / 10);
}
