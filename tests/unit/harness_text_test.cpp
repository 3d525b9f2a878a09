/// @file
/// Quoting, rendering and debugger packets of the harness.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include <tests/harness/gdb_packet.h>
#include <tests/harness/options.h>
#include <tests/harness/registers.h>
#include <tests/harness/text.h>

namespace {

using harness::encode_packet;
using harness::take_packet;

TEST(HarnessText, QuotesWhatTheShellWouldChange) {
    EXPECT_EQ(harness::shell_quote({"qemu", "-m", "64", "shift=0,sleep=off"}),
              "qemu -m 64 shift=0,sleep=off");
    EXPECT_EQ(harness::shell_quote({"a b", "", "it's", "$x", "~"}), R"('a b' '' 'it'\''s' '$x' '~')");
}

TEST(HarnessText, TheShellGivesTheWordsBack) {
    const std::vector<std::string> words = {"'", "\"", "\\", "$(false)", "`x`", "a\tb", "*", "#", ";", "&"};
    std::string expected;
    for (const std::string& word : words) expected += word + "\n";
    std::vector<std::string> command = {"printf", "%s\\n"};
    command.insert(command.end(), words.begin(), words.end());
    FILE* pipe = popen(harness::shell_quote(command).c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string output(1000, '\0');
    output.resize(fread(output.data(), 1, output.size(), pipe));
    EXPECT_EQ(pclose(pipe), 0);
    EXPECT_EQ(output, expected);
}

TEST(HarnessText, RendersBinary) {
    using namespace std::string_literals;
    EXPECT_EQ(harness::printable("a\0b\x1b[0m\r\n\xff"s), "a\\x00b\\x1b[0m\n\\xff");
    EXPECT_EQ(harness::printable_tail("1\n2\n3\n4\n", 2), "3\n4\n");
    EXPECT_EQ(harness::printable_tail("1\n2\n3", 2), "2\n3");
    EXPECT_EQ(harness::printable_tail("1\n2", 5), "1\n2");
    EXPECT_EQ(harness::printable_tail("", 5), "");
    EXPECT_EQ(harness::printable_tail(std::string(100'000, 'x'), 5).size(), 8192u);
}

TEST(HarnessGdbPacket, HasTheChecksumOfTheManual) {
    EXPECT_EQ(encode_packet("OK"), "$OK#9a");
    EXPECT_EQ(encode_packet(""), "$#00");
    EXPECT_EQ(encode_packet("a#b"),
              "$a}\x03"
              "b#43");
}

TEST(HarnessGdbPacket, TakesPacketsOutOfAStream) {
    std::string stream = "++$OK#9a+$T05thr";
    auto packet = take_packet(stream);
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->intact);
    EXPECT_EQ(packet->payload, "OK");
    EXPECT_EQ(stream, "+$T05thr");
    EXPECT_FALSE(take_packet(stream));
    stream += "#0";
    EXPECT_FALSE(take_packet(stream));
    stream += "0";
    packet = take_packet(stream);
    ASSERT_TRUE(packet);
    EXPECT_FALSE(packet->intact);
    EXPECT_EQ(stream, "");

    stream = "$x#zz";
    packet = take_packet(stream);
    ASSERT_TRUE(packet);
    EXPECT_FALSE(packet->intact);
}

TEST(HarnessGdbPacket, EscapesSurviveTheWay) {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    std::string stream = encode_packet(all);
    const auto packet = take_packet(stream);
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->intact);
    EXPECT_EQ(packet->payload, all);
}

TEST(HarnessGdbPacket, ReadsHexadecimal) {
    EXPECT_EQ(harness::to_hex(std::vector<uint8_t>{0x00, 0x7f, 0xff}), "007fff");
    EXPECT_EQ(harness::from_hex("007fFF"), (std::vector<uint8_t>{0x00, 0x7f, 0xff}));
    EXPECT_FALSE(harness::from_hex("0"));
    EXPECT_FALSE(harness::from_hex("0g"));
    EXPECT_FALSE(harness::from_hex("E1x4"));
}

TEST(HarnessRegisters, LayoutComesFromTheDescription) {
    const auto slots = harness::parse_target_description(
        "<feature>\n<reg name=\"rax\" bitsize=\"64\" type=\"int64\" regnum=\"0\"/>\n"
        "<reg name=\"eflags\" bitsize=\"32\"/><!--<reg name=\"ss_base\" bitsize=\"64\"/>-->\n"
        "<reg name=\"cr0\" bitsize=\"64\"/><reg name=\"far\" regnum=\"40\" bitsize=\"80\"/></feature>");
    ASSERT_EQ(slots.size(), 4u);
    EXPECT_EQ(slots[1].name, "eflags");
    EXPECT_EQ(slots[1].offset, 8u);
    EXPECT_EQ(slots[2].name, "cr0");
    EXPECT_EQ(slots[2].number, 2u);
    EXPECT_EQ(slots[2].offset, 12u);
    EXPECT_EQ(slots[3].number, 40u);
    EXPECT_EQ(slots[3].size, 10u);
    EXPECT_THROW(harness::parse_target_description("<feature/>"), std::runtime_error);
}

TEST(HarnessRegisters, DifferenceNamesWhatChanged) {
    harness::Registers before;
    harness::Registers after = before;
    EXPECT_EQ(harness::format_difference(before, after), "");
    after.gs_base = 0x10;
    EXPECT_EQ(harness::format_difference(before, after), "  gs_base: 0000000000000000 -> 0000000000000010\n");
}

TEST(HarnessOptions, CommandFollowsTheOptions) {
    harness::MachineOptions options;
    options.boot = harness::BootPath::kPvhSeaBios;
    options.kernel = "/bin/sh";
    options.icount_shift = 3;
    const std::string command = harness::shell_quote(harness::reproduction_command(options));
    for (const char* part : {"-accel tcg -M q35 -cpu max ", "-icount shift=3,sleep=off", "-kernel /bin/sh",
                             "apic.vapic=off", "-seed 1", "-serial mon:stdio"}) {
        EXPECT_NE(command.find(part), std::string::npos) << part;
    }
    EXPECT_EQ(command.find("qboot"), std::string::npos);
    options.boot = harness::BootPath::kGrubBios;
    EXPECT_THROW(harness::reproduction_command(options), std::runtime_error);  // no ISO given

    const auto words = [&] {
        options.boot = harness::BootPath::kPvh;
        return harness::shell_quote(qemu_command(options, harness::MachineFiles("/tmp/a,b")));
    }();
    EXPECT_NE(words.find("path=/tmp/a,,b/serial"), std::string::npos);
    EXPECT_NE(words.find("-bios qboot.rom"), std::string::npos);
}

}  // namespace
