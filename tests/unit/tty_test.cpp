/// @file
/// The terminal as a file: waiting for a line, signals, modes.

#include <gtest/gtest.h>

#include <string>

#include <kernel/console/tty.h>
#include <tests/unit/support/host_kernel.h>

namespace {

constexpr uint64_t kTCGETS = 0x5401;
constexpr uint64_t kTCSETS = 0x5402;
constexpr uint64_t kTIOCGPGRP = 0x540f;
constexpr uint64_t kTIOCSPGRP = 0x5410;
constexpr uint64_t kTIOCGWINSZ = 0x5413;
constexpr uint64_t kTIOCSWINSZ = 0x5414;

class TtyTest : public testing::Test {
  protected:
    TtyTest() : tty_((reset_host_kernel(), make_ref<Tty>().value())) { set_console_tty(tty_); }
    ~TtyTest() override { set_console_tty(Ref<Tty>()); }

    static void type(const std::string& keys) {
        for (const char key : keys) tty_input(key);
    }
    Result<size_t> read(size_t length, uint32_t flags = 0) {
        line_.assign(length, '?');
        return tty_->read(0, std::as_writable_bytes(std::span(line_)), flags);
    }
    std::string get(size_t length) {
        auto count = read(length);
        EXPECT_TRUE(count.ok());
        return count.ok() ? line_.substr(0, count.value()) : "";
    }
    Result<void> ioctl(uint64_t request) { return tty_->ioctl(request, UserPtr<void>(user_address())); }
    template <class T>
    T& user() {
        return *reinterpret_cast<T*>(host_user_memory());
    }

    Ref<Tty> tty_;
    std::string line_;
};

}  // namespace

TEST_F(TtyTest, AReaderWaitsForALine) {
    host.while_asleep = [] { type(host.sleeps == 1 ? "ec" : "ho\r"); };
    EXPECT_EQ(get(100), "echo\n");
    EXPECT_EQ(host.sleeps, 2);
    EXPECT_EQ(host.screen, "echo\r\n");
}

TEST_F(TtyTest, NonblockingReadersDoNotWait) {
    EXPECT_EQ(read(10, kO_NONBLOCK).error(), Errno::kEAGAIN);
    EXPECT_FALSE(tty_->readable());
    type("x\r");
    EXPECT_TRUE(tty_->readable());
    EXPECT_EQ(read(10, kO_NONBLOCK).value(), 2u);
}

TEST_F(TtyTest, DeathEndsTheWait) {
    kill_host_task();
    EXPECT_EQ(read(10).error(), Errno::kEINTR);
    host_task().fatal_signal = 0;
    host_task().work = 0;
    host.while_asleep = kill_host_task;
    EXPECT_EQ(read(10).error(), Errno::kEINTR);
    EXPECT_EQ(host.sleeps, 1);
}

TEST_F(TtyTest, KeysSignalTheForegroundGroup) {
    type("\x03");
    EXPECT_TRUE(host.signals.empty()) << "nobody has claimed the terminal";
    user<int>() = 42;
    ASSERT_TRUE(ioctl(kTIOCSPGRP).ok());
    type("\x03\x1c");
    ASSERT_EQ(host.signals.size(), 2u);
    EXPECT_EQ(host.signals[0].target, -42);
    EXPECT_EQ(host.signals[0].signal, kSIGINT);
    EXPECT_EQ(host.signals[1].signal, kSIGQUIT);
}

TEST_F(TtyTest, TellsTheForegroundGroup) {
    ASSERT_TRUE(ioctl(kTIOCGPGRP).ok());
    EXPECT_EQ(user<int>(), host_task().process_group);
    user<int>() = 42;
    ASSERT_TRUE(ioctl(kTIOCSPGRP).ok());
    user<int>() = 0;
    ASSERT_TRUE(ioctl(kTIOCGPGRP).ok());
    EXPECT_EQ(user<int>(), 42);
    user<int>() = -1;
    EXPECT_EQ(ioctl(kTIOCSPGRP).error(), Errno::kEINVAL);
}

TEST_F(TtyTest, RawModeGivesEachKeyAtOnce) {
    ASSERT_TRUE(ioctl(kTCGETS).ok());
    EXPECT_TRUE(user<Termios>().c_lflag & kICANON);
    user<Termios>().c_lflag &= ~(kICANON | kECHO | kISIG);
    ASSERT_TRUE(ioctl(kTCSETS).ok());
    type("q\x03");
    EXPECT_EQ(get(10), "q\x03");
    EXPECT_TRUE(host.signals.empty());
    EXPECT_EQ(host.screen, "");
}

TEST_F(TtyTest, TheWindowHasASize) {
    ASSERT_TRUE(ioctl(kTIOCGWINSZ).ok());
    EXPECT_EQ(user<WindowSize>().rows, 24);
    EXPECT_EQ(user<WindowSize>().columns, 80);
    user<WindowSize>().columns = 132;
    ASSERT_TRUE(ioctl(kTIOCSWINSZ).ok());
    user<WindowSize>().columns = 0;
    ASSERT_TRUE(ioctl(kTIOCGWINSZ).ok());
    EXPECT_EQ(user<WindowSize>().columns, 132);
}

TEST_F(TtyTest, BadRequestsAndPointersAreRefused) {
    EXPECT_EQ(ioctl(0x1234).error(), Errno::kENOTTY);
    for (const uint64_t request : {kTCGETS, kTCSETS, kTIOCGPGRP, kTIOCSPGRP, kTIOCGWINSZ, kTIOCSWINSZ})
        EXPECT_EQ(tty_->ioctl(request, UserPtr<void>(1)).error(), Errno::kEFAULT) << request;
}

TEST_F(TtyTest, OutputGoesThroughTheDiscipline) {
    const std::string text = "a\nb";
    EXPECT_EQ(tty_->write(0, std::as_bytes(std::span(text)), 0).value(), 3u);
    EXPECT_EQ(host.screen, "a\r\nb");
}
