/// @file
/// System calls on files: results, errors and structures as programs see them, and user memory that ends.

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include <kernel/console/tty.h>
#include <kernel/fs/ramfs.h>
#include <kernel/syscall/calls.h>
#include <kernel/syscall/stat.h>
#include <tests/unit/support/host_kernel.h>

namespace {

constexpr uint64_t kUserBytes = kHostUserPages * kPageSize;
constexpr auto kAT_FDCWD = static_cast<uint64_t>(-100);
/// Where tests put paths, out of the way of their data.
constexpr size_t kPathArea = 3 * kPageSize + 2048;

constexpr int64_t error(Errno number) {
    return -static_cast<int64_t>(number);
}

/// A system call with as many arguments as it needs.
template <class... Args>
int64_t call(SystemCall& function, Args... args) {
    const std::array<uint64_t, 6> a{static_cast<uint64_t>(args)...};
    return function(a[0], a[1], a[2], a[3], a[4], a[5]);
}

class FileCalls : public testing::Test {
  protected:
    FileCalls() {
        reset_host_kernel();
        set_root_inode(make_ref<RamDirectory>(0755u).value());
    }
    ~FileCalls() override { reset_host_kernel(); }

    /// The address of a copy of `text` in user memory.
    static uint64_t path(const std::string& text) {
        std::memcpy(host_user_memory() + kPathArea, text.c_str(), text.size() + 1);
        return user_address(kPathArea);
    }
    static int64_t open(const std::string& name, uint64_t flags = kO_CREAT | kO_RDWR, uint64_t mode = 0666) {
        return call(sys_open, path(name), flags, mode);
    }
    static void set_user(size_t offset, const std::string& text) {
        std::memcpy(host_user_memory() + offset, text.data(), text.size());
    }
    static std::string user(size_t offset, size_t length) {
        return {reinterpret_cast<const char*>(host_user_memory()) + offset, length};
    }
    template <class T>
    static T& user_object(size_t offset = 0) {
        return *reinterpret_cast<T*>(host_user_memory() + offset);
    }
    static uint64_t size_of(const std::string& name) { return resolve("/", name).value()->size(); }
};

}  // namespace

TEST_F(FileCalls, WriteSeekRead) {
    ASSERT_EQ(open("/f"), 0);
    std::string text;
    for (int i = 0; i < 1300; i++) text += static_cast<char>('a' + i % 26);
    set_user(0, text);
    EXPECT_EQ(call(sys_write, 0, user_address(), text.size()), 1300);
    EXPECT_EQ(call(sys_read, 0, user_address(), 10), 0) << "at the end";
    EXPECT_EQ(call(sys_lseek, 0, 0, kSEEK_SET), 0);
    EXPECT_EQ(call(sys_read, 0, user_address(5000), 8000), 1300) << "a file is read on to its end";
    EXPECT_EQ(user(5000, 1300), text);
    EXPECT_EQ(call(sys_lseek, 0, -5, kSEEK_SET), error(Errno::kEINVAL));
}

TEST_F(FileCalls, DescriptorsAre32Bits) {
    ASSERT_EQ(open("/f"), 0);
    EXPECT_EQ(call(sys_write, 0x5'0000'0000, user_address(), 1), 1);
    for (const uint64_t fd : {uint64_t{1}, uint64_t{31}, uint64_t{32}, uint64_t{0xffffffff}, ~uint64_t{0}}) {
        EXPECT_EQ(call(sys_read, fd, user_address(), 1), error(Errno::kEBADF));
        EXPECT_EQ(call(sys_write, fd, user_address(), 1), error(Errno::kEBADF));
        EXPECT_EQ(call(sys_close, fd), error(Errno::kEBADF));
        EXPECT_EQ(call(sys_fstat, fd, user_address()), error(Errno::kEBADF));
        EXPECT_EQ(call(sys_dup, fd), error(Errno::kEBADF));
        EXPECT_EQ(call(sys_getdents64, fd, user_address(), 100), error(Errno::kEBADF));
        EXPECT_EQ(call(sys_ioctl, fd, 0x5401, user_address()), error(Errno::kEBADF));
        EXPECT_EQ(call(sys_fcntl, fd, 3), error(Errno::kEBADF));
    }
}

TEST_F(FileCalls, DirectionsAreKept) {
    ASSERT_EQ(open("/f", kO_CREAT | kO_WRONLY), 0);
    ASSERT_EQ(open("/f", kO_RDONLY), 1);
    EXPECT_EQ(call(sys_read, 0, user_address(), 1), error(Errno::kEBADF));
    EXPECT_EQ(call(sys_write, 1, user_address(), 1), error(Errno::kEBADF));
    EXPECT_EQ(call(sys_ftruncate, 1, 0), error(Errno::kEINVAL));
}

TEST_F(FileCalls, AWriteThatRunsOutOfMemoryStopsThere) {
    ASSERT_EQ(open("/f"), 0);
    set_user(kUserBytes - 10, "0123456789");
    EXPECT_EQ(call(sys_write, 0, user_address(kUserBytes - 10), 100), 10);
    EXPECT_EQ(size_of("/f"), 10u);
    EXPECT_EQ(call(sys_write, 0, user_address(kUserBytes), 100), error(Errno::kEFAULT));
    EXPECT_EQ(call(sys_write, 0, 0, 1), error(Errno::kEFAULT));
    EXPECT_EQ(call(sys_write, 0, user_address(), uint64_t{1} << 40), static_cast<int64_t>(kUserBytes))
        << "all there is";
    EXPECT_EQ(call(sys_write, 0, user_address(), ~uint64_t{0}), error(Errno::kEFAULT))
        << "a range that leaves the user's half is refused at once";
    EXPECT_EQ(call(sys_read, 0, user_address(), uint64_t{1} << 47), error(Errno::kEFAULT));
    EXPECT_EQ(call(sys_write, 0, ~uint64_t{0}, 100), error(Errno::kEFAULT));
    EXPECT_EQ(size_of("/f"), 10u + kUserBytes);
}

TEST_F(FileCalls, AReadThatRunsOutOfMemoryLosesNothing) {
    ASSERT_EQ(open("/f"), 0);
    set_user(0, "0123456789");
    ASSERT_EQ(call(sys_write, 0, user_address(), 10), 10);
    ASSERT_EQ(call(sys_lseek, 0, 0, kSEEK_SET), 0);
    EXPECT_EQ(call(sys_read, 0, user_address(kUserBytes - 4), 10), 4);
    EXPECT_EQ(user(kUserBytes - 4, 4), "0123");
    EXPECT_EQ(call(sys_read, 0, user_address(kUserBytes), 10), error(Errno::kEFAULT));
    EXPECT_EQ(call(sys_read, 0, user_address(), 10), 6);
    EXPECT_EQ(user(0, 6), "456789");
}

TEST_F(FileCalls, AKilledProgramDoesNotFinishALongTransfer) {
    ASSERT_EQ(open("/f"), 0);
    ASSERT_EQ(call(sys_write, 0, user_address(), 2 * kPageSize), static_cast<int64_t>(2 * kPageSize));
    host_task().work = 1;
    EXPECT_EQ(call(sys_write, 0, user_address(), 2 * kPageSize), static_cast<int64_t>(kPageSize));
    ASSERT_EQ(call(sys_lseek, 0, 0, kSEEK_SET), 0);
    EXPECT_EQ(call(sys_read, 0, user_address(), kPageSize), 512);
}

TEST_F(FileCalls, PipesAreReadOnceAndWrittenInOnePiece) {
    ASSERT_EQ(call(sys_pipe, user_address()), 0);
    EXPECT_EQ(user_object<int>(0), 0);
    EXPECT_EQ(user_object<int>(4), 1);
    set_user(100, "hello");
    ASSERT_EQ(call(sys_write, 1, user_address(100), 5), 5);
    EXPECT_EQ(call(sys_read, 0, user_address(200), 4096), 5) << "without waiting for more";
    // 4000 bytes fit only when the first 1000 have been read: not in pieces before.
    ASSERT_EQ(call(sys_write, 1, user_address(0), 1000), 1000);
    host.while_asleep = [] { EXPECT_EQ(call(sys_read, 0, user_address(8192), 500), 500); };
    EXPECT_EQ(call(sys_write, 1, user_address(0), 4000), 4000);
    EXPECT_EQ(host.sleeps, 2);
    EXPECT_EQ(call(sys_lseek, 0, 0, kSEEK_SET), error(Errno::kESPIPE));
    ASSERT_EQ(call(sys_close, 0), 0);
    EXPECT_EQ(call(sys_write, 1, user_address(), 1), error(Errno::kEPIPE));
}

TEST_F(FileCalls, PipeTakesFlagsAndCleansUpAfterABadPointer) {
    ASSERT_EQ(call(sys_pipe2, user_address(), kO_CLOEXEC | kO_NONBLOCK), 0);
    EXPECT_EQ(call(sys_fcntl, 0, 1), 1);
    EXPECT_EQ(call(sys_read, 0, user_address(), 1), error(Errno::kEAGAIN));
    EXPECT_EQ(call(sys_pipe2, user_address(), kO_DIRECTORY), error(Errno::kEINVAL));
    EXPECT_EQ(call(sys_pipe, 1), error(Errno::kEFAULT));
    EXPECT_EQ(open("/f"), 2) << "no descriptor was left behind";
    for (int fd = 3; fd < FileTable::kMaximum - 1; fd++) ASSERT_EQ(call(sys_dup, 2), fd);
    EXPECT_EQ(call(sys_pipe, user_address()), error(Errno::kEMFILE));
    EXPECT_EQ(call(sys_dup, 2), FileTable::kMaximum - 1);
}

TEST_F(FileCalls, TheTerminalGivesALineAtATime) {
    Ref<Tty> tty = make_ref<Tty>().value();
    set_console_tty(tty);
    ASSERT_TRUE(host_task().files.install(make_ref<OpenFile>(tty, kO_RDWR).value(), false).ok());
    for (const char key : std::string("one\rtwo\r")) tty_input(key);
    EXPECT_EQ(call(sys_read, 0, user_address(), 100), 4);
    EXPECT_EQ(user(0, 4), "one\n");
    EXPECT_EQ(call(sys_read, 0, user_address(), 2), 2);
    EXPECT_EQ(call(sys_read, 0, user_address(), 100), 2);
    EXPECT_EQ(call(sys_ioctl, 0, 0x5413, user_address()), 0);
    EXPECT_EQ(call(sys_lseek, 0, 0, kSEEK_CUR), error(Errno::kESPIPE));
    host.screen.clear();
    struct {
        uint64_t base, length;
    } vector[] = {{user_address(100), 2}, {0, 0}, {user_address(102), 3}};
    std::memcpy(host_user_memory() + 200, vector, sizeof vector);
    set_user(100, "hello");
    EXPECT_EQ(call(sys_writev, 0, user_address(200), 3), 5);
    EXPECT_EQ(host.screen, "hello");
}

TEST_F(FileCalls, VectorsStopAtTheFirstBadPiece) {
    ASSERT_EQ(open("/f"), 0);
    struct {
        uint64_t base, length;
    } vector[] = {{user_address(100), 5}, {1, 5}, {user_address(100), 5}};
    std::memcpy(host_user_memory() + 200, vector, sizeof vector);
    set_user(100, "hello");
    EXPECT_EQ(call(sys_writev, 0, user_address(200), 3), 5);
    EXPECT_EQ(size_of("/f"), 5u);
    vector[2].length = ~uint64_t{0};
    std::memcpy(host_user_memory() + 200, vector, sizeof vector);
    EXPECT_EQ(call(sys_writev, 0, user_address(200), 3), error(Errno::kEINVAL)) << "before anything moves";
    EXPECT_EQ(size_of("/f"), 5u);
    EXPECT_EQ(call(sys_writev, 0, user_address(200), 1025), error(Errno::kEINVAL));
    EXPECT_EQ(call(sys_writev, 0, 1, 1), error(Errno::kEFAULT));
    EXPECT_EQ(call(sys_readv, 7, user_address(200), 1), error(Errno::kEBADF));
    ASSERT_EQ(call(sys_lseek, 0, 0, kSEEK_SET), 0);
    EXPECT_EQ(call(sys_readv, 0, user_address(200), 1), 5);
    user_object<uint64_t>(208) = ~uint64_t{0};
    EXPECT_EQ(call(sys_readv, 0, user_address(200), 1), error(Errno::kEINVAL)) << "a negative length";
}

TEST_F(FileCalls, DuplicatesShareThePosition) {
    ASSERT_EQ(open("/f"), 0);
    EXPECT_EQ(call(sys_dup2, 0, 9), 9);
    EXPECT_EQ(call(sys_dup2, 0, 0), 0);
    EXPECT_EQ(call(sys_dup2, 5, 5), error(Errno::kEBADF));
    EXPECT_EQ(call(sys_dup2, 0, FileTable::kMaximum), error(Errno::kEBADF));
    EXPECT_EQ(call(sys_dup3, 0, 0, 0), error(Errno::kEINVAL));
    EXPECT_EQ(call(sys_dup3, 0, 10, kO_CLOEXEC), 10);
    EXPECT_EQ(call(sys_dup3, 0, 11, kO_APPEND), error(Errno::kEINVAL));
    EXPECT_EQ(call(sys_fcntl, 9, 1), 0);
    EXPECT_EQ(call(sys_fcntl, 10, 1), 1);
    EXPECT_EQ(call(sys_fcntl, 0, 0, 20), 20);
    EXPECT_EQ(call(sys_fcntl, 0, 1030, 20), 21);
    EXPECT_EQ(call(sys_fcntl, 21, 1), 1);
    EXPECT_EQ(call(sys_fcntl, 0, 0, uint64_t{1} << 32), error(Errno::kEINVAL));
    call(sys_write, 0, user_address(), 3);
    EXPECT_EQ(call(sys_lseek, 20, 0, kSEEK_CUR), 3);
}

TEST_F(FileCalls, FlagsCanBeChangedAsFarAsLinuxDoes) {
    ASSERT_EQ(open("/f"), 0);
    EXPECT_EQ(call(sys_fcntl, 0, 3), kO_RDWR);
    EXPECT_EQ(call(sys_fcntl, 0, 4, kO_APPEND | kO_WRONLY | kO_TRUNC), 0);
    EXPECT_EQ(call(sys_fcntl, 0, 3), kO_RDWR | kO_APPEND);
    EXPECT_EQ(call(sys_fcntl, 0, 2, 1), 0);
    EXPECT_EQ(call(sys_fcntl, 0, 1), 1);
    EXPECT_EQ(call(sys_fcntl, 0, 77), error(Errno::kEINVAL));
}

TEST_F(FileCalls, StatFillsLinuxsStructure) {
    ASSERT_EQ(open("/f", kO_CREAT | kO_RDWR, 0666), 0);
    ASSERT_EQ(call(sys_write, 0, user_address(), 600), 600);
    std::memset(host_user_memory(), 0xff, 200);
    ASSERT_EQ(call(sys_fstat, 0, user_address()), 0);
    const LinuxStat stat = user_object<LinuxStat>();
    EXPECT_EQ(stat.st_mode, 0100644u) << "less the umask";
    EXPECT_EQ(stat.st_size, 600);
    EXPECT_EQ(stat.st_blocks, 2);
    EXPECT_EQ(stat.st_nlink, 1u);
    EXPECT_EQ(stat.padding, 0u);
    EXPECT_EQ(stat.unused[2], 0u);
    EXPECT_EQ(user(144, 1), "\xff") << "and not a byte more";
    ASSERT_EQ(call(sys_stat, path("/f"), user_address(200)), 0);
    EXPECT_EQ(std::memcmp(&stat, host_user_memory() + 200, sizeof stat), 0);
    ASSERT_EQ(call(sys_newfstatat, 0, path(""), user_address(400), 0x1000), 0);
    EXPECT_EQ(std::memcmp(&stat, host_user_memory() + 400, sizeof stat), 0);
    ASSERT_EQ(call(sys_stat, path("/"), user_address()), 0);
    EXPECT_EQ(user_object<LinuxStat>().st_mode, 0040755u);
    EXPECT_EQ(call(sys_newfstatat, kAT_FDCWD, path(""), user_address(), 0), error(Errno::kENOENT));
    EXPECT_EQ(call(sys_newfstatat, kAT_FDCWD, path(""), user_address(), 0x1000), 0);
    EXPECT_EQ(call(sys_stat, path("/f"), 1), error(Errno::kEFAULT));
    EXPECT_EQ(call(sys_stat, 1, user_address()), error(Errno::kEFAULT));
}

TEST_F(FileCalls, DirectoriesAreListedInLinuxsRecords) {
    for (const char* name : {"/a", "/bb", "/a-rather-long-name"}) ASSERT_GE(open(name), 0);
    ASSERT_EQ(call(sys_mkdir, path("/dir"), 0777), 0);
    const auto fd = open("/", kO_RDONLY | kO_DIRECTORY);
    ASSERT_EQ(fd, 3);
    std::vector<std::string> found;
    for (;;) {
        // 40 bytes hold one long or one short record.
        const int64_t length = call(sys_getdents64, fd, user_address(), 40);
        ASSERT_GE(length, 0);
        if (length == 0) break;
        for (int64_t at = 0; at < length;) {
            const auto offset = static_cast<size_t>(at);
            EXPECT_EQ(user_object<uint16_t>(offset + 16) % 8, 0);
            const std::string name = reinterpret_cast<const char*>(host_user_memory()) + offset + 19;
            EXPECT_EQ(user_object<uint64_t>(offset), resolve("/", name).value()->number());
            found.push_back(name + "=" + std::to_string(user_object<uint8_t>(offset + 18)));
            at += user_object<uint16_t>(offset + 16);
        }
    }
    EXPECT_EQ(found, (std::vector<std::string>{"a=8", "bb=8", "a-rather-long-name=8", "dir=4"}));
    EXPECT_EQ(call(sys_lseek, fd, 0, kSEEK_SET), 0);
    EXPECT_EQ(call(sys_getdents64, fd, user_address(), 8), error(Errno::kEINVAL)) << "no record fits";
    EXPECT_EQ(call(sys_getdents64, fd, 1, 100), error(Errno::kEFAULT));
    EXPECT_EQ(call(sys_getdents64, fd, user_address(), 1000), 24 + 24 + 40 + 24) << "and none was lost";
    EXPECT_EQ(call(sys_getdents64, 0, user_address(), 1000), error(Errno::kENOTDIR));
}

TEST_F(FileCalls, PathsStartAtTheWorkingDirectory) {
    ASSERT_EQ(call(sys_mkdir, path("/home"), 0755), 0);
    ASSERT_EQ(call(sys_chdir, path("home")), 0);
    ASSERT_EQ(open("notes"), 0);
    EXPECT_TRUE(resolve("/", "/home/notes").ok());
    EXPECT_EQ(call(sys_getcwd, user_address(), 100), 6);
    EXPECT_EQ(user(0, 6), std::string("/home", 6));
    EXPECT_EQ(call(sys_getcwd, user_address(), 5), error(Errno::kERANGE));
    EXPECT_EQ(call(sys_chdir, path("notes")), error(Errno::kENOTDIR));
    EXPECT_EQ(call(sys_chdir, path("none")), error(Errno::kENOENT));
    EXPECT_EQ(call(sys_openat, kAT_FDCWD, path("notes"), kO_RDONLY), 1);
    EXPECT_EQ(call(sys_openat, 0xffffff9c, path("notes"), kO_RDONLY), 2) << "-100 as an int";
    EXPECT_EQ(call(sys_openat, 0, path("notes"), kO_RDONLY), error(Errno::kENOSYS));
    EXPECT_EQ(call(sys_openat, 30, path("notes"), kO_RDONLY), error(Errno::kEBADF));
    EXPECT_EQ(call(sys_openat, 30, path("/home/notes"), kO_RDONLY), 3)
        << "an absolute path needs no directory";
    EXPECT_EQ(call(sys_chdir, path("..")), 0);
    EXPECT_EQ(call(sys_getcwd, user_address(), 100), 2);
}

TEST_F(FileCalls, MakesAndRemoves) {
    EXPECT_EQ(call(sys_mkdir, path("/d"), 0777), 0);
    EXPECT_EQ(resolve("/", "/d").value()->permissions(), 0755u);
    EXPECT_EQ(call(sys_mkdir, path("/d"), 0777), error(Errno::kEEXIST));
    EXPECT_EQ(call(sys_unlink, path("/d")), error(Errno::kEISDIR));
    EXPECT_EQ(call(sys_rmdir, path("/d")), 0);
    EXPECT_EQ(call(sys_rmdir, path("/d")), error(Errno::kENOENT));
    EXPECT_EQ(call(sys_umask, 0xfff), 022);
    EXPECT_EQ(call(sys_umask, 0), 0777);
    ASSERT_EQ(open("/f", kO_CREAT | kO_WRONLY, 0777), 0);
    EXPECT_EQ(call(sys_access, path("/f"), 1), 0);
    ASSERT_EQ(open("/g", kO_CREAT | kO_WRONLY, 0666), 1);
    EXPECT_EQ(call(sys_access, path("/g"), 1), error(Errno::kEACCES));
    EXPECT_EQ(call(sys_access, path("/g"), 6), 0);
    EXPECT_EQ(call(sys_access, path("/g"), 8), error(Errno::kEINVAL));
    EXPECT_EQ(call(sys_unlink, path("/f")), 0);
    EXPECT_EQ(call(sys_write, 0, user_address(), 3), 3) << "still open";
}

TEST_F(FileCalls, TheAtFormsDoTheSame) {
    ASSERT_EQ(call(sys_mkdirat, kAT_FDCWD, path("d"), 0700), 0);
    ASSERT_EQ(open("/d/f"), 0);
    EXPECT_EQ(call(sys_faccessat, kAT_FDCWD, path("d/f"), 4), 0);
    EXPECT_EQ(call(sys_faccessat, 30, path("d/f"), 4), error(Errno::kEBADF));
    EXPECT_EQ(call(sys_mkdirat, 30, path("e"), 0700), error(Errno::kEBADF));
    EXPECT_EQ(call(sys_unlinkat, kAT_FDCWD, path("d"), 0), error(Errno::kEISDIR));
    EXPECT_EQ(call(sys_unlinkat, kAT_FDCWD, path("d/f"), 0x200), error(Errno::kENOTDIR));
    EXPECT_EQ(call(sys_unlinkat, kAT_FDCWD, path("d/f"), 1), error(Errno::kEINVAL));
    EXPECT_EQ(call(sys_unlinkat, kAT_FDCWD, path("d/f"), 0), 0);
    EXPECT_EQ(call(sys_unlinkat, 30, path("d"), 0x200), error(Errno::kEBADF));
    EXPECT_EQ(call(sys_unlinkat, kAT_FDCWD, path("d"), 0x200), 0);
    EXPECT_EQ(resolve("/", "/d").error(), Errno::kENOENT);
}

TEST_F(FileCalls, LongPathsAreRefused) {
    std::string longest;
    while (longest.size() < kPathMax - 1) longest += "/..";
    longest.resize(kPathMax - 1);
    EXPECT_EQ(call(sys_chdir, path(longest.substr(0, 252))), 0);
    EXPECT_EQ(call(sys_chdir, path(longest + "/")), error(Errno::kENAMETOOLONG));
    EXPECT_EQ(call(sys_chdir, path("/" + std::string(kNameMax + 1, 'n'))), error(Errno::kENAMETOOLONG));
}

TEST_F(FileCalls, TruncatesFilesOnly) {
    ASSERT_EQ(open("/f"), 0);
    EXPECT_EQ(call(sys_ftruncate, 0, 100), 0);
    EXPECT_EQ(size_of("/f"), 100u);
    EXPECT_EQ(call(sys_ftruncate, 0, -1), error(Errno::kEINVAL));
    EXPECT_EQ(call(sys_ftruncate, 0, uint64_t{1} << 40), error(Errno::kEFBIG));
    ASSERT_EQ(call(sys_pipe, user_address()), 0);
    EXPECT_EQ(call(sys_ftruncate, 2, 0), error(Errno::kEINVAL));
}
