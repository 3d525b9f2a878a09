/// @file
/// Pipes: order, waiting, ends that go away, and writes in one piece.

#include <gtest/gtest.h>

#include <string>

#include <kernel/fs/vfs.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/heap.h>
#include <tests/unit/support/host_kernel.h>

namespace {

constexpr size_t kPipeSize = 4096;

class PipeTest : public testing::Test {
  protected:
    PipeTest() {
        reset_host_kernel();
        auto ends = make_pipe();
        EXPECT_TRUE(ends.ok());
        reader_ = ends.value()[0];
        writer_ = ends.value()[1];
    }

    Result<size_t> put(const std::string& text) { return writer_->write(std::as_bytes(std::span(text))); }
    std::string get(size_t length) {
        std::string text(length, '?');
        auto count = reader_->read(std::as_writable_bytes(std::span(text)));
        EXPECT_TRUE(count.ok());
        text.resize(count.ok() ? count.value() : 0);
        return text;
    }

    Ref<OpenFile> reader_;
    Ref<OpenFile> writer_;
};

}  // namespace

TEST_F(PipeTest, PassesBytesInOrder) {
    ASSERT_EQ(put("hello ").value(), 6u);
    ASSERT_EQ(put("world").value(), 5u);
    EXPECT_EQ(get(4), "hell");
    EXPECT_EQ(get(100), "o world") << "what is there, without waiting for more";
    EXPECT_EQ(host.sleeps, 0);
}

TEST_F(PipeTest, WrapsAround) {
    std::string all;
    for (int i = 0; i < 20; i++) {
        const std::string text(1000, static_cast<char>('a' + i));
        ASSERT_EQ(put(text).value(), text.size());
        all += get(text.size());
        if (i == 0) {  // from now on nothing is aligned
            ASSERT_EQ(put("offset").value(), 6u);
        }
    }
    all += get(100);
    ASSERT_EQ(all.size(), 20'006u);
    EXPECT_EQ(all.substr(0, 1000), std::string(1000, 'a'));
    EXPECT_EQ(all.substr(1000, 6), "offset");
    for (size_t i = 1; i < 20; i++)
        EXPECT_EQ(all.substr(i * 1000 + 6, 1000), std::string(1000, static_cast<char>('a' + i)));
}

TEST_F(PipeTest, AReaderWaitsForTheFirstByte) {
    host.while_asleep = [&] {
        if (host.sleeps == 1) return;  // woken for nothing
        EXPECT_EQ(put("late").value(), 4u);
    };
    EXPECT_EQ(get(100), "late");
    EXPECT_EQ(host.sleeps, 2);
}

TEST_F(PipeTest, AWriteGoesInInOnePiece) {
    ASSERT_EQ(put(std::string(kPipeSize - 10, 'x')).value(), kPipeSize - 10);
    host.while_asleep = [&] { EXPECT_EQ(get(5), "xxxxx"); };
    ASSERT_EQ(put(std::string(20, 'y')).value(), 20u) << "not 10 now and 10 later";
    EXPECT_EQ(host.sleeps, 2) << "until 20 bytes were free";
    EXPECT_EQ(get(kPipeSize), std::string(kPipeSize - 20, 'x') + std::string(20, 'y'));
}

TEST_F(PipeTest, NonblockingEndsDoNotWait) {
    reader_->set_flags(reader_->flags() | kO_NONBLOCK);
    writer_->set_flags(writer_->flags() | kO_NONBLOCK);
    std::byte byte;
    EXPECT_EQ(reader_->read({&byte, 1}).error(), Errno::kEAGAIN);
    ASSERT_EQ(put(std::string(kPipeSize, 'x')).value(), kPipeSize);
    EXPECT_EQ(put("x").error(), Errno::kEAGAIN);
}

TEST_F(PipeTest, EndsWhenTheLastWriterIsGone) {
    Ref<OpenFile> second = writer_;
    put("last words").value();
    writer_ = Ref<OpenFile>();
    EXPECT_FALSE(second->inode().readable() && get(100).empty()) << "one writer is left";
    EXPECT_FALSE(reader_->inode().readable());
    second = Ref<OpenFile>();
    EXPECT_TRUE(reader_->inode().readable());
    EXPECT_EQ(get(100), "");
}

TEST_F(PipeTest, AWriterWithoutReadersGetsSigpipe) {
    reader_ = Ref<OpenFile>();
    EXPECT_EQ(put("x").error(), Errno::kEPIPE);
    ASSERT_EQ(host.signals.size(), 1u);
    EXPECT_EQ(host.signals[0].signal, kSIGPIPE);
    EXPECT_EQ(host.signals[0].target, host_task().pid);
}

TEST_F(PipeTest, WritingNothingAsksForNobody) {
    reader_ = Ref<OpenFile>();
    EXPECT_EQ(put("").value(), 0u);
    EXPECT_TRUE(host.signals.empty());
}

TEST_F(PipeTest, AWaitingWriterNoticesThatTheReaderLeft) {
    ASSERT_EQ(put(std::string(kPipeSize, 'x')).value(), kPipeSize);
    host.while_asleep = [&] { reader_ = Ref<OpenFile>(); };
    EXPECT_EQ(put("x").error(), Errno::kEPIPE);
}

TEST_F(PipeTest, DeathEndsTheWait) {
    kill_host_task();
    std::byte byte;
    EXPECT_EQ(reader_->read({&byte, 1}).error(), Errno::kEINTR);
    ASSERT_EQ(put(std::string(kPipeSize, 'x')).value(), kPipeSize);
    EXPECT_EQ(put("x").error(), Errno::kEINTR);
}

TEST_F(PipeTest, EachEndHasOneDirection) {
    std::byte byte{};
    EXPECT_EQ(writer_->read({&byte, 1}).error(), Errno::kEBADF);
    EXPECT_EQ(reader_->write({&byte, 1}).error(), Errno::kEBADF);
    EXPECT_EQ(reader_->seek(0, kSEEK_SET).error(), Errno::kESPIPE);
}

TEST_F(PipeTest, FreesItsRing) {
    const uint64_t free_before = free_frame_count();
    const size_t heap_before = heap_bytes_in_use();
    reader_ = Ref<OpenFile>();
    EXPECT_EQ(free_frame_count(), free_before);
    writer_ = Ref<OpenFile>();
    EXPECT_GE(free_frame_count(), free_before + 1);
    EXPECT_LT(heap_bytes_in_use(), heap_before);
}
