/// @file
/// From paths to files: look-up, open(2)'s flags, making and removing, positions.

#include <gtest/gtest.h>

#include <string>

#include <kernel/fs/ramfs.h>
#include <tests/unit/support/host_kernel.h>

namespace {

class VfsTest : public testing::Test {
  protected:
    VfsTest() {
        reset_host_kernel();
        set_root_inode(make_ref<RamDirectory>(0755u).value());
        EXPECT_TRUE(make_directory("/", "/home", 0755).ok());
        EXPECT_TRUE(make_directory("/", "/home/me", 0755).ok());
        EXPECT_TRUE(open_file("/", "/home/me/notes", kO_CREAT | kO_WRONLY, 0640).ok());
    }
    ~VfsTest() override { set_root_inode(Ref<Inode>()); }

    static Errno open_error(std::string_view path, uint32_t flags) {
        auto file = open_file("/", path, flags, 0644);
        return file.ok() ? Errno{} : file.error();
    }
    static Errno resolve_error(std::string_view path) {
        auto inode = resolve("/", path);
        return inode.ok() ? Errno{} : inode.error();
    }
};

size_t put(OpenFile& file, const std::string& text) {
    auto count = file.write(std::as_bytes(std::span(text)));
    EXPECT_TRUE(count.ok());
    return count.value();
}

std::string get(OpenFile& file, size_t length) {
    std::string text(length, '?');
    auto count = file.read(std::as_writable_bytes(std::span(text)));
    EXPECT_TRUE(count.ok());
    text.resize(count.value());
    return text;
}

constexpr Errno kNone{};

}  // namespace

TEST_F(VfsTest, PathsLeadToInodes) {
    auto notes = resolve("/", "/home/me/notes");
    ASSERT_TRUE(notes.ok());
    EXPECT_EQ(notes.value()->permissions(), 0640u);
    EXPECT_EQ(resolve("/home", "me/../me/./notes").value()->number(), notes.value()->number());
    EXPECT_EQ(resolve("/", "/").value().get(), &root_inode());
    EXPECT_EQ(resolve("/home/me", "../../..").value().get(), &root_inode());
    EXPECT_EQ(resolve_error("/home/you"), Errno::kENOENT);
    EXPECT_EQ(resolve_error("/home/me/notes/more"), Errno::kENOTDIR);
    EXPECT_EQ(resolve_error(""), Errno::kENOENT);
}

TEST_F(VfsTest, ASlashAtTheEndDemandsADirectory) {
    EXPECT_EQ(resolve_error("/home/me/"), kNone);
    EXPECT_EQ(resolve_error("/home/me/notes/"), Errno::kENOTDIR);
    EXPECT_EQ(open_error("/home/me/notes/", kO_RDONLY), Errno::kENOTDIR);
    EXPECT_EQ(open_error("/home/me/new/", kO_CREAT | kO_WRONLY), Errno::kEISDIR);
    EXPECT_EQ(remove_path("/", "/home/me/notes/", false).error(), Errno::kENOTDIR);
    EXPECT_TRUE(make_directory("/", "/home/new/", 0755).ok());
}

TEST_F(VfsTest, OpenHonoursItsFlags) {
    EXPECT_EQ(open_error("/none", kO_RDONLY), Errno::kENOENT);
    EXPECT_EQ(open_error("/none/deeper", kO_CREAT | kO_WRONLY), Errno::kENOENT);
    EXPECT_EQ(open_error("/home/me/notes/x", kO_CREAT | kO_WRONLY), Errno::kENOTDIR);
    EXPECT_EQ(open_error("/home/me/notes", kO_CREAT | kO_WRONLY), kNone) << "it exists already";
    EXPECT_EQ(open_error("/home/me/notes", kO_CREAT | kO_EXCL | kO_WRONLY), Errno::kEEXIST);
    EXPECT_EQ(open_error("/home/me/notes", kO_DIRECTORY), Errno::kENOTDIR);
    EXPECT_EQ(open_error("/home/me", kO_DIRECTORY), kNone);
    EXPECT_EQ(open_error("/home/me", kO_WRONLY), Errno::kEISDIR);
    EXPECT_EQ(open_error("/home/me", kO_CREAT), Errno::kEISDIR);
    EXPECT_EQ(open_error("/", kO_RDWR), Errno::kEISDIR);
    EXPECT_EQ(open_error("/", kO_RDONLY), kNone);
}

TEST_F(VfsTest, TruncatesWhenAskedAndWritable) {
    put(*open_file("/", "/home/me/notes", kO_WRONLY, 0).value(), "text");
    ASSERT_TRUE(open_file("/", "/home/me/notes", kO_RDONLY | kO_TRUNC, 0).ok());
    EXPECT_EQ(resolve("/", "/home/me/notes").value()->size(), 4u);
    ASSERT_TRUE(open_file("/", "/home/me/notes", kO_WRONLY | kO_TRUNC, 0).ok());
    EXPECT_EQ(resolve("/", "/home/me/notes").value()->size(), 0u);
}

TEST_F(VfsTest, FlagsForOpeningOnlyAreNotKept) {
    auto file = open_file("/", "/f", kO_CREAT | kO_EXCL | kO_TRUNC | kO_CLOEXEC | kO_APPEND | kO_RDWR, 0644);
    EXPECT_EQ(file.value()->flags(), kO_APPEND | kO_RDWR);
}

TEST_F(VfsTest, RemovesTheRightKindOnly) {
    EXPECT_EQ(remove_path("/", "/home/me", false).error(), Errno::kEISDIR);
    EXPECT_EQ(remove_path("/", "/home/me", true).error(), Errno::kENOTEMPTY);
    EXPECT_EQ(remove_path("/", "/home/me/notes", true).error(), Errno::kENOTDIR);
    EXPECT_EQ(remove_path("/", "/", true).error(), Errno::kEBUSY);
    EXPECT_EQ(remove_path("/", "/", false).error(), Errno::kEISDIR);
    EXPECT_TRUE(remove_path("/home", "me/notes", false).ok());
    EXPECT_TRUE(remove_path("/home", "me", true).ok());
    EXPECT_EQ(resolve_error("/home/me"), Errno::kENOENT);
    EXPECT_EQ(make_directory("/", "/", 0755).error(), Errno::kEEXIST);
}

TEST_F(VfsTest, ReadsAndWritesMoveThePosition) {
    auto file = open_file("/", "/f", kO_CREAT | kO_RDWR, 0644).value();
    EXPECT_EQ(put(*file, "0123456789"), 10u);
    EXPECT_EQ(get(*file, 5), "");
    EXPECT_EQ(file->seek(2, kSEEK_SET).value(), 2u);
    EXPECT_EQ(get(*file, 3), "234");
    EXPECT_EQ(file->seek(-1, kSEEK_CUR).value(), 4u);
    EXPECT_EQ(put(*file, "x"), 1u);
    EXPECT_EQ(get(*file, 100), "56789");
    EXPECT_EQ(file->seek(-2, kSEEK_END).value(), 8u);
    EXPECT_EQ(file->seek(5, kSEEK_END).value(), 15u);
    put(*file, "far");
    EXPECT_EQ(file->inode().size(), 18u);
}

TEST_F(VfsTest, SeekRefusesNonsense) {
    auto file = open_file("/", "/f", kO_CREAT | kO_RDWR, 0644).value();
    put(*file, "text");
    EXPECT_EQ(file->seek(-1, kSEEK_SET).error(), Errno::kEINVAL);
    EXPECT_EQ(file->seek(-5, kSEEK_END).error(), Errno::kEINVAL);
    EXPECT_EQ(file->seek(0, 3).error(), Errno::kEINVAL);
    EXPECT_EQ(file->seek(INT64_MAX, kSEEK_CUR).error(), Errno::kEINVAL) << "would wrap";
    EXPECT_EQ(file->seek(INT64_MAX, kSEEK_SET).value(), static_cast<uint64_t>(INT64_MAX));
    EXPECT_EQ(file->seek(1, kSEEK_CUR).error(), Errno::kEINVAL);
    EXPECT_EQ(get(*file, 1), "");
}

TEST_F(VfsTest, AppendingIgnoresThePosition) {
    auto one = open_file("/", "/log", kO_CREAT | kO_WRONLY | kO_APPEND, 0644).value();
    auto two = open_file("/", "/log", kO_RDWR | kO_APPEND, 0644).value();
    put(*one, "a");
    put(*two, "b");
    put(*one, "c");
    EXPECT_EQ(one->offset(), 3u);
    ASSERT_TRUE(two->seek(0, kSEEK_SET).ok());
    EXPECT_EQ(get(*two, 10), "abc");
}
