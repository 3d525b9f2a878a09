/// @file
/// The root file system: what an archive becomes, and what is said about a bad one.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include <kernel/fs/vfs.h>
#include <kernel/mm/frame.h>
#include <tests/unit/support/blob.h>
#include <tests/unit/support/host_kernel.h>

namespace {

class InitramfsTest : public testing::Test {
  protected:
    InitramfsTest() { reset_host_kernel(); }
    ~InitramfsTest() override { reset_host_kernel(); }

    void add(const std::string& name, uint32_t mode, const std::string& data = "") {
        char header[111];
        std::snprintf(header, sizeof header, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1,
                      mode, 0, 0, 1, 0, static_cast<unsigned>(data.size()), 0, 0, 0, 0,
                      static_cast<unsigned>(name.size() + 1), 0);
        archive_.add_text(header).add_text(name).add('\0').pad(4).add_text(data).pad(4);
    }
    std::string mount() {
        add("TRAILER!!!", 0);
        const char* error = mount_root(archive_.bytes());
        return error ? error : "";
    }
    static std::string content(std::string_view path) {
        auto inode = resolve("/", path);
        if (!inode.ok()) return "no file";
        std::string text(inode.value()->size(), '?');
        EXPECT_EQ(inode.value()->read(0, std::as_writable_bytes(std::span(text)), 0).value(), text.size());
        return text;
    }

    Blob archive_;
};

constexpr uint32_t kDirectory = 0040000;
constexpr uint32_t kRegular = 0100000;
constexpr uint32_t kSymlink = 0120000;

}  // namespace

TEST_F(InitramfsTest, UnpacksFilesAndDirectories) {
    const std::string large(2 * kPageSize + 17, 'x');
    add(".", kDirectory | 0755);
    add("bin", kDirectory | 0711);
    add("bin/sh", kRegular | 0755, large);
    add("./etc/motd", kRegular | 0600, "welcome\n");
    add("empty", kRegular | 0644);
    ASSERT_EQ(mount(), "");
    EXPECT_EQ(content("/bin/sh"), large);
    EXPECT_EQ(content("/etc/motd"), "welcome\n") << "its directory was not in the archive";
    EXPECT_EQ(content("/empty"), "");
    EXPECT_EQ(resolve("/", "/bin").value()->permissions(), 0711u);
    EXPECT_EQ(resolve("/", "/bin/sh").value()->permissions(), 0755u);
    EXPECT_EQ(resolve("/", "/etc").value()->permissions(), 0755u);
}

TEST_F(InitramfsTest, HasDevicesAndProc) {
    add("dev", kDirectory | 0755);
    add("proc", kDirectory | 0755);
    ASSERT_EQ(mount(), "");
    for (const char* path :
         {"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/console", "/dev/tty"})
        EXPECT_EQ(resolve("/", path).value()->type(), FileType::kCharDevice) << path;
    EXPECT_EQ(resolve("/", "/dev/tty").value().get(), resolve("/", "/dev/console").value().get());
    EXPECT_TRUE(resolve("/", "/proc/uptime").ok());
    EXPECT_EQ(remove_path("/", "/proc", true).error(), Errno::kEBUSY);
}

TEST_F(InitramfsTest, DevicesDoWhatTheyAreKnownFor) {
    ASSERT_EQ(mount(), "");
    std::array<std::byte, 8> data{};
    auto device = [](const char* path) { return open_file("/", path, kO_RDWR, 0).value(); };
    EXPECT_EQ(device("/dev/null")->read(data).value(), 0u);
    EXPECT_EQ(device("/dev/null")->write(data).value(), 8u);
    data.fill(std::byte{1});
    EXPECT_EQ(device("/dev/zero")->read(data).value(), 8u);
    EXPECT_EQ(data[7], std::byte{0});
    EXPECT_EQ(device("/dev/zero")->write(data).value(), 8u);
    EXPECT_EQ(device("/dev/full")->read(data).value(), 8u);
    EXPECT_EQ(device("/dev/full")->write(data).error(), Errno::kENOSPC);
    EXPECT_EQ(device("/dev/urandom")->read(data).value(), 8u);
    EXPECT_NE(data[7], std::byte{0});
}

TEST_F(InitramfsTest, SaysWhatIsWrong) {
    EXPECT_EQ(std::string(mount_root({})).substr(0, 11), "initramfs: ");
    add("a", kRegular | 0644);
    add("a", kRegular | 0644);
    EXPECT_EQ(mount(), "initramfs: a: it is there twice");
}

TEST_F(InitramfsTest, RefusesAFileAsADirectory) {
    add("a", kRegular | 0644);
    add("a/b", kRegular | 0644);
    EXPECT_EQ(mount(), "initramfs: a/b: a file is where its directory should be");
}

TEST_F(InitramfsTest, RefusesLinks) {
    add("link", kSymlink | 0777, "target");
    EXPECT_EQ(mount(), "initramfs: link: it is neither a file nor a directory");
}

TEST_F(InitramfsTest, RefusesLongNames) {
    add(std::string(kNameMax + 1, 'n'), kRegular | 0644);
    EXPECT_NE(mount().find("its name is too long"), std::string::npos);
}

TEST_F(InitramfsTest, SaysThatMemoryIsOut) {
    add("big", kRegular | 0644, std::string((total_frame_count() + 1) * kPageSize, 'x'));
    EXPECT_EQ(mount(), "initramfs: big: memory is out");
}
