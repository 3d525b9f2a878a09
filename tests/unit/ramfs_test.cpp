/// @file
/// Files and directories in memory: content, holes, pages shared with programs, names.

#include <gtest/gtest.h>

#include <string>

#include <kernel/fs/ramfs.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/heap.h>
#include <tests/unit/support/host_kernel.h>

namespace {

class RamFs : public testing::Test {
  protected:
    RamFs() { reset_host_kernel(); }
};
using RamFileTest = RamFs;
using RamDirectoryTest = RamFs;

template <class T, class... Args>
Ref<T> make(Args... args) {
    auto made = make_ref<T>(args...);
    EXPECT_TRUE(made.ok());
    return made.value();
}

std::span<const std::byte> bytes(const std::string& text) {
    return std::as_bytes(std::span(text));
}

size_t put(Inode& file, uint64_t offset, const std::string& text, uint32_t flags = 0) {
    auto written = file.write(offset, bytes(text), flags);
    EXPECT_TRUE(written.ok());
    return written.value();
}

std::string get(Inode& file, uint64_t offset, size_t length) {
    std::string text(length, '?');
    auto count = file.read(offset, std::as_writable_bytes(std::span(text)), 0);
    EXPECT_TRUE(count.ok());
    text.resize(count.value());
    return text;
}

std::vector<std::string> names(Inode& directory) {
    std::vector<std::string> found;
    uint64_t position = 0;
    for (;;) {
        auto entry = directory.entry(position);
        if (!entry.ok()) return found;
        found.push_back(entry.value().name.data());
        position = entry.value().next;
    }
}

std::byte first_byte(PhysAddr frame) {
    return *static_cast<std::byte*>(physical_pointer(frame));
}

}  // namespace

TEST_F(RamFileTest, HoldsWhatWasWritten) {
    auto file = make<RamFile>(0644u);
    EXPECT_EQ(get(*file, 0, 10), "");
    EXPECT_EQ(put(*file, 0, "hello"), 5u);
    EXPECT_EQ(put(*file, 3, "p me"), 4u);
    EXPECT_EQ(file->size(), 7u);
    EXPECT_EQ(get(*file, 0, 100), "help me");
    EXPECT_EQ(get(*file, 5, 1), "m");
    EXPECT_EQ(get(*file, 7, 1), "") << "at the end";
    EXPECT_EQ(get(*file, uint64_t{1} << 62, 1), "") << "far behind the end";
}

TEST_F(RamFileTest, ContentCrossesPages) {
    auto file = make<RamFile>(0644u);
    std::string text;
    for (size_t i = 0; i < 3 * kPageSize; i++) text += static_cast<char>('a' + i % 23);
    EXPECT_EQ(put(*file, 100, text), text.size());
    EXPECT_EQ(get(*file, 100, text.size()), text);
    EXPECT_EQ(get(*file, kPageSize - 2, 4), text.substr(kPageSize - 102, 4));
}

TEST_F(RamFileTest, HolesReadAsZeros) {
    auto file = make<RamFile>(0644u);
    // Behind the first table of 512 pages, in the second one.
    const uint64_t far = 700 * kPageSize;
    const uint64_t free_before = free_frame_count();
    put(*file, far, "x");
    EXPECT_LE(free_before - free_frame_count(), 3u) << "two tables and one page";
    EXPECT_EQ(file->size(), far + 1);
    EXPECT_EQ(get(*file, 0, 3), std::string(3, '\0'));
    EXPECT_EQ(get(*file, far - 2, 10), std::string("\0\0x", 3));
    EXPECT_EQ(file->frame(0).error(), Errno::kENOENT);
}

TEST_F(RamFileTest, AppendsAtTheEndWhereverThatIs) {
    auto file = make<RamFile>(0644u);
    put(*file, 0, "one ");
    put(*file, 0, "two", kO_APPEND);
    EXPECT_EQ(get(*file, 0, 100), "one two");
}

TEST_F(RamFileTest, EndsAtOneGibibyte) {
    auto file = make<RamFile>(0644u);
    EXPECT_EQ(file->write(RamFile::kMaximumSize, bytes("x"), 0).error(), Errno::kEFBIG);
    EXPECT_EQ(file->write(~uint64_t{0}, bytes("x"), 0).error(), Errno::kEFBIG);
    EXPECT_EQ(file->truncate(RamFile::kMaximumSize + 1).error(), Errno::kEFBIG);
    EXPECT_EQ(put(*file, RamFile::kMaximumSize - 2, "xyz"), 2u) << "what fits";
    EXPECT_EQ(get(*file, RamFile::kMaximumSize - 2, 9), "xy");
    EXPECT_TRUE(file->truncate(0).ok());
}

TEST_F(RamFileTest, TruncatingForgetsTheTailForGood) {
    auto file = make<RamFile>(0644u);
    put(*file, 0, std::string(2 * kPageSize, 'x'));
    ASSERT_TRUE(file->truncate(10).ok());
    EXPECT_EQ(get(*file, 0, 100), std::string(10, 'x'));
    EXPECT_EQ(file->frame(1).error(), Errno::kENOENT);
    ASSERT_TRUE(file->truncate(kPageSize + 10).ok());
    EXPECT_EQ(get(*file, 8, 4), std::string("xx\0\0", 4));
    EXPECT_EQ(get(*file, kPageSize, 100), std::string(10, '\0'));
}

TEST_F(RamFileTest, GivesItsFramesBack) {
    const uint64_t free_before = free_frame_count();
    const size_t heap_before = heap_bytes_in_use();
    {
        auto file = make<RamFile>(0644u);
        put(*file, 0, std::string(3 * kPageSize, 'x'));
        put(*file, 600 * kPageSize, "x");
        const uint64_t used = free_frame_count();
        ASSERT_TRUE(file->truncate(kPageSize).ok());
        EXPECT_EQ(free_frame_count(), used + 4) << "three pages and the second table";
    }
    EXPECT_EQ(heap_bytes_in_use(), heap_before);
    EXPECT_GE(free_frame_count() + 1, free_before) << "but for a slab that the heap keeps";
}

TEST_F(RamFileTest, AMappedPageKeepsItsContentWhenTheFileIsWritten) {
    auto file = make<RamFile>(0644u);
    put(*file, 0, "old");
    auto mapped = file->frame(0);
    ASSERT_TRUE(mapped.ok());
    EXPECT_EQ(frame_references(mapped.value()), 2u);
    put(*file, 1, "NEW");
    EXPECT_EQ(get(*file, 0, 9), "oNEW") << "the rest of the page was copied";
    EXPECT_EQ(std::string(static_cast<char*>(physical_pointer(mapped.value()))), "old");
    EXPECT_EQ(frame_references(mapped.value()), 1u) << "the file let go of it";
    auto again = file->frame(0);
    ASSERT_TRUE(again.ok());
    EXPECT_NE(again.value(), mapped.value());
    unref_frame(again.value());
    put(*file, 0, "p");
    auto third = file->frame(0);
    ASSERT_TRUE(third.ok());
    EXPECT_EQ(third.value(), again.value()) << "a page of the file's own is written in place";
    unref_frame(third.value());
    unref_frame(mapped.value());
}

TEST_F(RamFileTest, AMappedPageSurvivesTruncation) {
    auto file = make<RamFile>(0644u);
    put(*file, 0, "abc");
    auto mapped = file->frame(0);
    ASSERT_TRUE(mapped.ok());
    ASSERT_TRUE(file->truncate(1).ok());
    EXPECT_EQ(std::string(static_cast<char*>(physical_pointer(mapped.value()))), "abc");
    ASSERT_TRUE(file->truncate(0).ok());
    EXPECT_EQ(first_byte(mapped.value()), std::byte{'a'});
    unref_frame(mapped.value());
}

TEST_F(RamFileTest, SaysSoWhenMemoryIsOut) {
    auto file = make<RamFile>(0644u);
    const std::string page(kPageSize, 'x');
    uint64_t offset = 0;
    for (;;) {
        auto written = file->write(offset, bytes(page + page), 0);
        if (!written.ok()) {
            EXPECT_EQ(written.error(), Errno::kENOSPC);
            break;
        }
        offset += written.value();
        ASSERT_LT(offset, RamFile::kMaximumSize);
    }
    EXPECT_EQ(file->size(), offset) << "a write that got no memory changed nothing";
    EXPECT_EQ(get(*file, offset - 1, 2), "x");
}

TEST_F(RamDirectoryTest, NamesLeadToInodes) {
    auto directory = make<RamDirectory>(0755u);
    EXPECT_EQ(directory->lookup("a").error(), Errno::kENOENT);
    auto made = directory->create("a", FileType::kRegular, 0640);
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(made.value()->permissions(), 0640u);
    auto found = directory->lookup("a");
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found.value().get(), made.value().get());
    EXPECT_EQ(directory->create("a", FileType::kDirectory, 0755).error(), Errno::kEEXIST);
    EXPECT_EQ(directory->lookup("A").error(), Errno::kENOENT);
    EXPECT_EQ(directory->lookup("").error(), Errno::kENOENT);
}

TEST_F(RamDirectoryTest, NamesHaveALongestLength) {
    auto directory = make<RamDirectory>(0755u);
    const std::string longest(kNameMax, 'n');
    EXPECT_TRUE(directory->create(longest, FileType::kRegular, 0644).ok());
    EXPECT_TRUE(directory->lookup(longest).ok());
    EXPECT_EQ(directory->create(longest + 'n', FileType::kRegular, 0644).error(), Errno::kENAMETOOLONG);
    EXPECT_EQ(names(*directory), std::vector{longest});
}

TEST_F(RamDirectoryTest, RemovesFilesAndEmptyDirectoriesOnly) {
    auto directory = make<RamDirectory>(0755u);
    ASSERT_TRUE(directory->create("file", FileType::kRegular, 0644).ok());
    auto sub = directory->create("sub", FileType::kDirectory, 0755);
    ASSERT_TRUE(sub.ok());
    ASSERT_TRUE(sub.value()->create("in", FileType::kRegular, 0644).ok());
    EXPECT_EQ(directory->unlink("sub").error(), Errno::kENOTEMPTY);
    EXPECT_EQ(directory->unlink("none").error(), Errno::kENOENT);
    EXPECT_TRUE(directory->unlink("file").ok());
    EXPECT_TRUE(sub.value()->unlink("in").ok());
    EXPECT_TRUE(directory->unlink("sub").ok());
    EXPECT_EQ(names(*directory), std::vector<std::string>{});
    EXPECT_EQ(sub.value()->create("late", FileType::kRegular, 0644).error(), Errno::kENOENT)
        << "nothing can be put into a directory that is gone";
}

TEST_F(RamDirectoryTest, RenamesWithinAndBetweenDirectories) {
    auto root = make<RamDirectory>(0755u);
    auto folder = root->create("folder", FileType::kDirectory, 0755);
    ASSERT_TRUE(folder.ok());
    Inode& inner = *folder.value();
    const uint64_t number = root->create("a", FileType::kRegular, 0644).value()->number();
    ASSERT_TRUE(root->create("b", FileType::kRegular, 0644).ok());
    ASSERT_TRUE(root->rename("a", *root, "c").ok());
    EXPECT_EQ(names(*root), (std::vector<std::string>{"folder", "b", "c"}));
    EXPECT_TRUE(root->rename("c", *root, "b").ok()) << "in place of another file";
    EXPECT_EQ(names(*root), (std::vector<std::string>{"folder", "b"}));
    EXPECT_EQ(root->lookup("b").value()->number(), number);
    EXPECT_TRUE(root->rename("b", *root, "b").ok());
    EXPECT_TRUE(root->rename("b", inner, "d").ok());
    EXPECT_EQ(names(inner), (std::vector<std::string>{"d"}));
    EXPECT_EQ(names(*root), (std::vector<std::string>{"folder"}));

    // What can't be replaced.
    ASSERT_TRUE(root->create("e", FileType::kRegular, 0644).ok());
    ASSERT_TRUE(root->create("empty", FileType::kDirectory, 0755).ok());
    EXPECT_EQ(root->rename("none", inner, "x").error(), Errno::kENOENT);
    EXPECT_EQ(root->rename("e", *root, "folder").error(), Errno::kEISDIR);
    EXPECT_EQ(root->rename("empty", *root, "e").error(), Errno::kENOTDIR);
    EXPECT_EQ(root->rename("empty", *root, "folder").error(), Errno::kENOTEMPTY);
    EXPECT_EQ(root->rename("e", inner, std::string(kNameMax + 1, 'x')).error(), Errno::kENAMETOOLONG);
    EXPECT_EQ(root->rename("e", *root->lookup("e").value(), "x").error(), Errno::kENOTDIR);
    EXPECT_TRUE(inner.unlink("d").ok());
    EXPECT_TRUE(root->rename("empty", *root, "folder").ok()) << "in place of an empty directory";
    EXPECT_EQ(inner.create("late", FileType::kRegular, 0644).error(), Errno::kENOENT);
    EXPECT_EQ(root->rename("e", inner, "x").error(), Errno::kENOENT);
    EXPECT_EQ(names(*root), (std::vector<std::string>{"e", "folder"}));
}

TEST_F(RamDirectoryTest, AnUnlinkedFileLivesWhileItIsUsed) {
    auto directory = make<RamDirectory>(0755u);
    auto file = directory->create("file", FileType::kRegular, 0644);
    ASSERT_TRUE(file.ok());
    put(*file.value(), 0, "still here");
    ASSERT_TRUE(directory->unlink("file").ok());
    EXPECT_EQ(get(*file.value(), 0, 100), "still here");
}

TEST_F(RamDirectoryTest, ListingSkipsNothingWhileNamesGo) {
    auto directory = make<RamDirectory>(0755u);
    for (const char* name : {"a", "b", "c", "d"})
        ASSERT_TRUE(directory->create(name, FileType::kRegular, 0644).ok());
    auto first = directory->entry(0);
    ASSERT_TRUE(first.ok());
    ASSERT_TRUE(directory->unlink("a").ok());
    ASSERT_TRUE(directory->unlink("c").ok());
    auto second = directory->entry(first.value().next);
    ASSERT_TRUE(second.ok());
    EXPECT_STREQ(second.value().name.data(), "b");
    auto third = directory->entry(second.value().next);
    ASSERT_TRUE(third.ok());
    EXPECT_STREQ(third.value().name.data(), "d");
    EXPECT_EQ(directory->entry(third.value().next).error(), Errno::kENOENT);
}

TEST_F(RamDirectoryTest, FreesWhatItHolds) {
    const size_t heap_before = heap_bytes_in_use();
    {
        auto directory = make<RamDirectory>(0755u);
        auto sub = directory->create("sub", FileType::kDirectory, 0755);
        ASSERT_TRUE(sub.ok());
        put(*sub.value()->create("file", FileType::kRegular, 0644).value(), 0, "text");
        EXPECT_GT(heap_bytes_in_use(), heap_before);
    }
    EXPECT_EQ(heap_bytes_in_use(), heap_before);
}
