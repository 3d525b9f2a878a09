/// @file
/// Descriptors: numbers, sharing, close-on-exec.

#include <gtest/gtest.h>

#include <kernel/fs/ramfs.h>
#include <tests/unit/support/host_kernel.h>

namespace {

class FileTableTest : public testing::Test {
  protected:
    FileTableTest() { reset_host_kernel(); }

    static Ref<OpenFile> open(uint32_t flags = kO_RDWR) {
        Ref<Inode> inode(make_ref<RamFile>(0644u).value());
        return make_ref<OpenFile>(inode, flags).value();
    }

    FileTable table_;
};

}  // namespace

TEST_F(FileTableTest, GivesTheLowestFreeNumber) {
    EXPECT_EQ(table_.install(open(), false).value(), 0);
    EXPECT_EQ(table_.install(open(), false).value(), 1);
    EXPECT_EQ(table_.install(open(), false, 10).value(), 10);
    EXPECT_EQ(table_.install(open(), false).value(), 2);
    ASSERT_TRUE(table_.close(1).ok());
    EXPECT_EQ(table_.install(open(), false).value(), 1);
}

TEST_F(FileTableTest, RefusesNumbersOutsideTheTable) {
    for (const int fd : {-1, 0, FileTable::kMaximum, 1 << 30, INT32_MIN}) {
        EXPECT_EQ(table_.find(static_cast<uint32_t>(fd)), nullptr) << fd;
        EXPECT_EQ(table_.close(fd).error(), Errno::kEBADF) << fd;
    }
    EXPECT_EQ(table_.install_at(-1, open(), false).error(), Errno::kEBADF);
    EXPECT_EQ(table_.install_at(FileTable::kMaximum, open(), false).error(), Errno::kEBADF);
    EXPECT_EQ(table_.install(open(), false, FileTable::kMaximum).error(), Errno::kEINVAL);
}

TEST_F(FileTableTest, IsFullAtItsMaximum) {
    for (int i = 0; i < FileTable::kMaximum; i++) ASSERT_EQ(table_.install(open(), false).value(), i);
    EXPECT_EQ(table_.install(open(), false).error(), Errno::kEMFILE);
    table_.close_all();
    EXPECT_EQ(table_.install(open(), false).value(), 0);
}

TEST_F(FileTableTest, ReplacingClosesWhatWasThere) {
    Ref<OpenFile> old = open();
    Ref<OpenFile> other = open();
    ASSERT_EQ(table_.install_at(5, old, true).value(), 5);
    EXPECT_EQ(old->reference_count(), 2u);
    ASSERT_EQ(table_.install_at(5, other, false).value(), 5);
    EXPECT_EQ(old->reference_count(), 1u);
    EXPECT_EQ(table_.find(5), other.get());
    EXPECT_FALSE(table_.close_on_exec(5)) << "the flag is the descriptor's, not the number's";
}

TEST_F(FileTableTest, ExecClosesWhatIsMarked) {
    ASSERT_TRUE(table_.install_at(3, open(), true).ok());
    ASSERT_TRUE(table_.install_at(4, open(), false).ok());
    ASSERT_TRUE(table_.install_at(31, open(), false).ok());
    table_.set_close_on_exec(31, true);
    table_.close_for_exec();
    EXPECT_EQ(table_.find(3), nullptr);
    EXPECT_NE(table_.find(4), nullptr);
    EXPECT_EQ(table_.find(31), nullptr);
}

TEST_F(FileTableTest, AForkedTableSharesPositions) {
    ASSERT_TRUE(table_.install_at(0, open(), true).ok());
    table_.umask = 077;
    FileTable child = table_;
    ASSERT_TRUE(table_.find(0)->seek(42, kSEEK_SET).ok());
    EXPECT_EQ(child.find(0)->offset(), 42u);
    EXPECT_TRUE(child.close_on_exec(0));
    EXPECT_EQ(child.umask, 077u);
    ASSERT_TRUE(child.close(0).ok());
    EXPECT_NE(table_.find(0), nullptr);
}
