/// @file
/// The terminal as a person types at it.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include <kernel/console/line_discipline.h>

namespace {

constexpr int kSIGINT = 2, kSIGQUIT = 3;
const std::string kBell = "\a";

/// What Ctrl with a letter sends.
constexpr char ctrl(char letter) {
    return static_cast<char>(letter & 0x1f);
}

class LineDisciplineTest : public testing::Test {
  protected:
    /// Types; returns the last signal raised.
    int type(std::string_view keys) {
        int signal = 0;
        for (char key : keys) {
            if (const int raised = terminal.input(key)) signal = raised;
        }
        return signal;
    }
    int type(char key) { return type(std::string_view(&key, 1)); }

    /// What one read() gives; "(would wait)" when it would.
    std::string read(size_t size = 4096) {
        if (!terminal.readable()) return "(would wait)";
        std::vector<std::byte> buffer(size);
        const size_t count = terminal.read(buffer);
        EXPECT_LE(count, size);
        return {reinterpret_cast<const char*>(buffer.data()), count};
    }
    /// What has appeared on the screen since the last call.
    std::string shown() { return std::exchange(screen, {}); }

    void set_local(uint32_t off, uint32_t on = 0) {
        Termios termios = terminal.termios();
        termios.c_lflag = (termios.c_lflag & ~off) | on;
        terminal.set_termios(termios);
    }
    void go_raw() { set_local(kICANON); }
    void set_key(size_t index, uint8_t key) {
        Termios termios = terminal.termios();
        termios.c_cc[index] = key;
        terminal.set_termios(termios);
    }

    std::string screen;
    LineDiscipline terminal{[](void* context, std::span<const char> bytes) {
                                EXPECT_FALSE(bytes.empty());
                                static_cast<std::string*>(context)->append(bytes.data(), bytes.size());
                            },
                            &screen};
};

const std::string kWouldWait = "(would wait)";

}  // namespace

TEST_F(LineDisciplineTest, StartsLikeALinuxTerminal) {
    const Termios& termios = terminal.termios();
    EXPECT_EQ(termios.c_lflag, kISIG | kICANON | kECHO);
    EXPECT_EQ(termios.c_iflag, kICRNL);
    EXPECT_EQ(termios.c_oflag, kOPOST | kONLCR);
    EXPECT_EQ(termios.c_cc[kVINTR], 3);
    EXPECT_EQ(termios.c_cc[kVEOF], 4);
    EXPECT_EQ(termios.c_cc[kVERASE], 127);
    EXPECT_EQ(termios.c_cc[6], 1) << "VMIN";
    EXPECT_FALSE(terminal.readable());
}

TEST_F(LineDisciplineTest, ALineIsReadableOnceItIsFinished) {
    type("echo hi");
    EXPECT_FALSE(terminal.readable());
    EXPECT_EQ(shown(), "echo hi");
    type("\n");
    EXPECT_EQ(shown(), "\r\n");
    EXPECT_EQ(read(), "echo hi\n");
    EXPECT_FALSE(terminal.readable());
}

TEST_F(LineDisciplineTest, ReturnIsNewline) {
    type("ls\r");
    EXPECT_EQ(shown(), "ls\r\n");
    EXPECT_EQ(read(), "ls\n");

    Termios termios = terminal.termios();
    termios.c_iflag = 0;
    terminal.set_termios(termios);
    type("a\r");
    EXPECT_FALSE(terminal.readable());
    EXPECT_EQ(shown(), "a^M");
    type("\n");
    EXPECT_EQ(read(), "a\r\n");
}

TEST_F(LineDisciplineTest, BackspaceAndDeleteErase) {
    type("lss\x7f");
    EXPECT_EQ(shown(), "lss\b \b");
    type("x\b\n");
    EXPECT_EQ(shown(), "x\b \b\r\n");
    EXPECT_EQ(read(), "ls\n");
}

TEST_F(LineDisciplineTest, ErasingStopsAtTheStartOfTheLine) {
    type("a\x7f\x7f\x7f");
    EXPECT_EQ(shown(), "a\b \b") << "the prompt stays";
    type("one\n");
    shown();
    type("\x7f\x7f\x15\x17");
    EXPECT_EQ(shown(), "") << "a finished line can't be edited";
    EXPECT_EQ(read(), "one\n");
}

TEST_F(LineDisciplineTest, ControlCharactersTakeTwoColumns) {
    type("a\x01\x1b[\t");
    EXPECT_EQ(shown(), "a^A^[[^I");
    type("\x7f");
    EXPECT_EQ(shown(), "\b \b\b \b");
    type("\x7f");
    EXPECT_EQ(shown(), "\b \b");
    type("\x7f");
    EXPECT_EQ(shown(), "\b \b\b \b");
    type("\n");
    EXPECT_EQ(read(), "a\x01\n");
}

TEST_F(LineDisciplineTest, ANullByteIsInputLikeAnyOther) {
    type(std::string_view("a\0b\n", 4));
    EXPECT_EQ(shown(), "a^@b\r\n");
    EXPECT_EQ(read(), std::string("a\0b\n", 4));
}

TEST_F(LineDisciplineTest, BytesAbove127PassUnchanged) {
    type("\xc3\xa4\xff\n");
    EXPECT_EQ(shown(), "\xc3\xa4\xff\r\n");
    EXPECT_EQ(read(), "\xc3\xa4\xff\n");
}

TEST_F(LineDisciplineTest, CtrlUErasesTheLine) {
    type("rm -r /");
    shown();
    type(ctrl('U'));
    EXPECT_EQ(shown(), "\b \b\b \b\b \b\b \b\b \b\b \b\b \b");
    type("ls\n");
    EXPECT_EQ(read(), "ls\n");
}

TEST_F(LineDisciplineTest, CtrlWErasesAWord) {
    type("cat one  two \t");
    shown();
    type(ctrl('W'));
    EXPECT_EQ(shown(), "\b \b\b \b\b \b\b \b\b \b\b \b")
        << "a tab is two columns, a blank one, the word three";
    type(ctrl('W'));
    type("x\n");
    EXPECT_EQ(read(), "cat x\n");
    type("a");
    type(ctrl('W'));
    type(ctrl('W'));
    type("\n");
    EXPECT_EQ(read(), "\n");
}

TEST_F(LineDisciplineTest, CtrlDOnAnEmptyLineIsEndOfFile) {
    type(ctrl('D'));
    EXPECT_EQ(shown(), "") << "not echoed";
    EXPECT_TRUE(terminal.readable());
    EXPECT_EQ(read(), "");
    EXPECT_EQ(read(), kWouldWait) << "the end of file is read once";
}

TEST_F(LineDisciplineTest, CtrlDEndsAnUnfinishedLineWithoutNewline) {
    type("abc");
    type(ctrl('D'));
    type("def\n");
    EXPECT_EQ(read(), "abc");
    EXPECT_EQ(read(), "def\n");
    EXPECT_EQ(read(), kWouldWait);
}

TEST_F(LineDisciplineTest, CtrlDAfterAFullReadIsNoSecondEndOfFile) {
    type("abc");
    type(ctrl('D'));
    EXPECT_EQ(read(3), "abc");
    EXPECT_EQ(read(), kWouldWait) << "the reader that filled its buffer must not see an end of file";
    type("abc");
    type(ctrl('D'));
    EXPECT_EQ(read(2), "ab");
    EXPECT_EQ(read(2), "c");
    EXPECT_EQ(read(), kWouldWait);
    type("abc\n");
    type(ctrl('D'));
    EXPECT_EQ(read(4), "abc\n");
    EXPECT_EQ(read(4), "") << "this one was typed on a line of its own";
}

TEST_F(LineDisciplineTest, TwoEndsOfFileAreTwo) {
    type(ctrl('D'));
    type(ctrl('D'));
    EXPECT_EQ(read(), "");
    EXPECT_EQ(read(), "");
    EXPECT_EQ(read(), kWouldWait);
}

TEST_F(LineDisciplineTest, CtrlCDiscardsTheLineAndSignals) {
    type("sleep 10");
    shown();
    EXPECT_EQ(type(ctrl('C')), kSIGINT);
    EXPECT_EQ(shown(), "^C\r\n");
    EXPECT_FALSE(terminal.readable());
    type("ls\n");
    EXPECT_EQ(read(), "ls\n");
}

TEST_F(LineDisciplineTest, CtrlBackslashQuits) {
    EXPECT_EQ(type("x\x1c"), kSIGQUIT);
    EXPECT_EQ(shown(), "x^\\\r\n");
    type("\n");
    EXPECT_EQ(read(), "\n");
}

TEST_F(LineDisciplineTest, CtrlCKeepsFinishedLines) {
    type("one\ntwo");
    EXPECT_EQ(type(ctrl('C')), kSIGINT);
    type("three\n");
    EXPECT_EQ(read(), "one\n");
    EXPECT_EQ(read(), "three\n");
}

TEST_F(LineDisciplineTest, WithoutIsigCtrlCIsACharacter) {
    set_local(kISIG);
    EXPECT_EQ(type("a\x03\x1c\n"), 0);
    EXPECT_EQ(shown(), "a^C^\\\r\n");
    EXPECT_EQ(read(), "a\x03\x1c\n");
}

TEST_F(LineDisciplineTest, TypeAheadKeepsLinesApart) {
    type("one\ntwo\n\nfour");
    EXPECT_EQ(read(), "one\n");
    EXPECT_EQ(read(), "two\n");
    EXPECT_EQ(read(), "\n");
    EXPECT_EQ(read(), kWouldWait);
    type("\n");
    EXPECT_EQ(read(), "four\n");
}

TEST_F(LineDisciplineTest, ASmallReaderGetsTheRestNextTime) {
    type("abcdefg\nx\n");
    EXPECT_EQ(read(3), "abc");
    EXPECT_EQ(read(3), "def");
    EXPECT_EQ(read(3), "g\n");
    EXPECT_EQ(read(1), "x");
    EXPECT_EQ(read(1), "\n");
    EXPECT_EQ(read(1), kWouldWait);
}

TEST_F(LineDisciplineTest, AReadOfNothingTakesNothing) {
    type("a\n");
    EXPECT_EQ(read(0), "");
    EXPECT_EQ(read(), "a\n");
    type(ctrl('D'));
    EXPECT_EQ(read(0), "");
    EXPECT_TRUE(terminal.readable()) << "the end of file is still there";
}

TEST_F(LineDisciplineTest, EchoOffHidesEverything) {
    set_local(kECHO);
    type("secrex\x7ft wrong\x17\n");
    EXPECT_EQ(shown(), "");
    EXPECT_EQ(read(), "secret \n");
    EXPECT_EQ(type(ctrl('C')), kSIGINT);
    EXPECT_EQ(shown(), "");
}

TEST_F(LineDisciplineTest, RawModeGivesEveryByteAtOnce) {
    go_raw();
    type("a");
    EXPECT_EQ(shown(), "a");
    EXPECT_EQ(read(), "a");
    type("\x1b[A\x7f\x15\x04");
    EXPECT_EQ(read(), "\x1b[A\x7f\x15\x04") << "no key edits";
    type("x\ny\n");
    EXPECT_EQ(read(), "x\ny\n") << "lines mean nothing";
    EXPECT_EQ(read(), kWouldWait);
}

TEST_F(LineDisciplineTest, RawModeMaySignalStill) {
    go_raw();
    type("ab");
    EXPECT_EQ(type(ctrl('C')), kSIGINT);
    EXPECT_EQ(read(), "ab");
    set_local(kISIG);
    EXPECT_EQ(type(ctrl('C')), 0);
    EXPECT_EQ(read(), "\x03");
}

TEST_F(LineDisciplineTest, RawModeWithoutEchoIsSilent) {
    set_local(kICANON | kECHO | kISIG);
    type("abc\r\x1b");
    EXPECT_EQ(shown(), "");
    EXPECT_EQ(read(), "abc\n\x1b");
}

TEST_F(LineDisciplineTest, LeavingCanonicalModeMakesAnUnfinishedLineReadable) {
    type("one\nabc");
    go_raw();
    EXPECT_EQ(read(), "one\nabc");
    EXPECT_EQ(read(), kWouldWait);
}

TEST_F(LineDisciplineTest, EnteringCanonicalModeKeepsWhatWasTyped) {
    go_raw();
    type("abc");
    set_local(0, kICANON);
    EXPECT_TRUE(terminal.readable());
    type("\x7f");
    EXPECT_EQ(read(), "abc") << "what was readable can't be edited";
    type(
        "d\x7f"
        "e\n");
    EXPECT_EQ(read(), "e\n");
}

TEST_F(LineDisciplineTest, AnEndOfFileSurvivesAChangeOfMode) {
    type(ctrl('D'));
    go_raw();
    EXPECT_TRUE(terminal.readable());
    EXPECT_EQ(read(), "");
    EXPECT_EQ(read(), kWouldWait);
}

TEST_F(LineDisciplineTest, ProgramsMayChooseTheKeys) {
    set_key(kVINTR, ctrl('X'));
    set_key(kVKILL, '@');
    set_key(kVEOF, 0);
    EXPECT_EQ(type(ctrl('C')), 0);
    EXPECT_EQ(type(ctrl('X')), kSIGINT);
    shown();
    type("abc@");
    EXPECT_EQ(shown(), "abc\b \b\b \b\b \b");
    type(ctrl('D'));
    EXPECT_FALSE(terminal.readable());
    type("\n");
    EXPECT_EQ(read(), "\x04\n");
    type(std::string_view("\0\n", 2));
    EXPECT_EQ(read(), std::string("\0\n", 2)) << "a key of 0 is off; a null byte does not match it";
}

TEST_F(LineDisciplineTest, OutputTurnsNewlineIntoReturnAndNewline) {
    terminal.write(std::string_view("one\n\ntwo\nthree"));
    EXPECT_EQ(shown(), "one\r\n\r\ntwo\r\nthree");
    terminal.write(std::string_view("\n"));
    EXPECT_EQ(shown(), "\r\n");
    terminal.write({});
    EXPECT_EQ(shown(), "");
}

TEST_F(LineDisciplineTest, OutputIsPlainWithoutTheFlags) {
    for (uint32_t flags : {0u, kOPOST, kONLCR}) {
        Termios termios = terminal.termios();
        termios.c_oflag = flags;
        terminal.set_termios(termios);
        terminal.write(std::string_view("a\nb"));
        EXPECT_EQ(shown(), "a\nb");
        type("\n");
        EXPECT_EQ(shown(), "\n");
    }
}

TEST_F(LineDisciplineTest, ALineThatFillsTheBufferCanStillBeFinished) {
    type(std::string(1023, 'x'));
    shown();
    type("y");
    EXPECT_EQ(shown(), kBell);
    EXPECT_FALSE(terminal.readable());
    type("\n");
    EXPECT_EQ(shown(), "\r\n");
    type("\n");
    EXPECT_EQ(shown(), kBell) << "now it is full";
    type(ctrl('D'));
    EXPECT_EQ(shown(), kBell);
    EXPECT_EQ(read(), std::string(1023, 'x') + "\n");
    EXPECT_EQ(read(), kWouldWait);
    type("again\n");
    EXPECT_EQ(read(), "again\n");
}

TEST_F(LineDisciplineTest, AFullBufferCanBeEditedAndEndedByCtrlD) {
    type(std::string(1024, 'x'));
    type(
        "\x7f\x7f"
        "ab");
    shown();
    type(ctrl('D'));
    EXPECT_EQ(shown(), "");
    EXPECT_EQ(read(), std::string(1021, 'x') + "ab");
    EXPECT_EQ(read(), kWouldWait);
}

TEST_F(LineDisciplineTest, RawModeUsesTheWholeBuffer) {
    go_raw();
    type(std::string(1024, 'x'));
    shown();
    type("y");
    EXPECT_EQ(shown(), kBell);
    set_local(0, kICANON);
    EXPECT_EQ(read(1000), std::string(1000, 'x'));
    type("z\n");
    EXPECT_EQ(read(), std::string(24, 'x') + "z\n");
}

TEST_F(LineDisciplineTest, GoesRoundItsBuffer) {
    for (int i = 0; i < 500; ++i) {
        const std::string line = "line " + std::to_string(i) + "\n";
        type(line);
        ASSERT_EQ(read(), line);
    }
}

TEST_F(LineDisciplineTest, WhatIsEchoedIsWhatIsRead) {
    // Random typing with editing keys: a screen that understands backspaces must show each line that read()
    // gives.
    std::mt19937 random(17);
    const std::string keys = "ab c\x7f\x7f\x17\x15";
    for (int round = 0; round < 2000; ++round) {
        for (unsigned i = random() % 30; i > 0; --i) type(keys[random() % keys.size()]);
        std::string line;
        for (char c : shown()) {
            if (c != '\b')
                line += c;
            else
                line.pop_back();
        }
        type("\n");
        shown();
        ASSERT_EQ(read(), line + "\n");
    }
}
