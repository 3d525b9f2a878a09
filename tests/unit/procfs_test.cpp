/// @file
/// /proc: the format of its files, and tasks that come and go.

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include <kernel/fs/procfs.h>
#include <kernel/mm/frame.h>
#include <tests/unit/support/host_kernel.h>

namespace {

class ProcFsTest : public testing::Test {
  protected:
    ProcFsTest() {
        reset_host_kernel();
        set_root_inode(make_procfs().value());
    }
    ~ProcFsTest() override { set_root_inode(Ref<Inode>()); }

    /// Reads a file in small pieces, as a program may.
    static std::string content(std::string_view path, size_t piece = 7) {
        auto file = open_file("/", path, kO_RDONLY, 0);
        if (!file.ok()) return "no file";
        std::string text;
        for (;;) {
            std::string part(piece, '?');
            auto count = file.value()->read(std::as_writable_bytes(std::span(part)));
            if (!count.ok()) return "read error";
            if (count.value() == 0) return text;
            text += part.substr(0, count.value());
        }
    }
    static std::vector<std::string> stat_fields() {
        std::istringstream words(content("/7/stat"));
        return {std::istream_iterator<std::string>(words), {}};
    }
};

}  // namespace

TEST_F(ProcFsTest, StatHasLinuxsFields) {
    host_task().start_tick = 12'340;
    host_task().ticks_used = 5'670;
    const auto fields = stat_fields();
    ASSERT_EQ(fields.size(), 52u);
    // Numbered from 1 in proc(5).
    EXPECT_EQ(fields[0], "7");
    EXPECT_EQ(fields[1], "(prog)");
    EXPECT_EQ(fields[2], "R");
    EXPECT_EQ(fields[3], "0") << "no parent";
    EXPECT_EQ(fields[4], "7") << "process group";
    EXPECT_EQ(fields[13], "567") << "time used, in hundredths";
    EXPECT_EQ(fields[19], "1") << "threads";
    EXPECT_EQ(fields[21], "1234") << "time of start";
    EXPECT_EQ(fields[37], "17") << "exit signal";
    EXPECT_EQ(fields[38], "0") << "processor";
}

TEST_F(ProcFsTest, StatTellsTheState) {
    host_task().state = TaskState::kBlocked;
    EXPECT_EQ(stat_fields().at(2), "S");
    host_task().state = TaskState::kZombie;
    EXPECT_EQ(stat_fields().at(2), "Z");
}

TEST_F(ProcFsTest, MemoryAndTime) {
    host.ticks = 61'230;
    EXPECT_EQ(content("/uptime"), "61.23 0.00\n");
    std::istringstream words(content("/meminfo"));
    std::string name, unit;
    uint64_t total = 0, free = 0;
    words >> name >> total >> unit;
    EXPECT_EQ(name + unit, "MemTotal:kB");
    EXPECT_EQ(total, total_frame_count() * 4);
    words >> name >> free >> unit;
    EXPECT_EQ(name + unit, "MemFree:kB");
    EXPECT_GT(free, 0u);
    EXPECT_LT(free, total);
}

TEST_F(ProcFsTest, KernelThreadsHaveNoCommandLine) {
    EXPECT_EQ(content("/7/cmdline"), "");
}

TEST_F(ProcFsTest, ListsWhatCanBeLookedUp) {
    std::vector<std::string> names;
    uint64_t position = 0;
    for (;;) {
        auto entry = root_inode().entry(position);
        if (!entry.ok()) break;
        auto found = root_inode().lookup(entry.value().name.data());
        ASSERT_TRUE(found.ok()) << entry.value().name.data();
        EXPECT_EQ(found.value()->number(), entry.value().inode_number);
        EXPECT_EQ(found.value()->type(), entry.value().type);
        names.push_back(entry.value().name.data());
        position = entry.value().next;
    }
    EXPECT_EQ(names, (std::vector<std::string>{"uptime", "meminfo", "self", "7"}));
    EXPECT_EQ(content("/self/stat"), content("/7/stat"));
}

TEST_F(ProcFsTest, NamesThatAreNoPids) {
    for (const char* name : {"/8", "/07", "/7x", "/-7", "/99999999999", "/0", "/4294967303"})
        EXPECT_EQ(resolve("/", name).error(), Errno::kENOENT) << name;
    EXPECT_EQ(resolve("/", "/7/none").error(), Errno::kENOENT);
}

TEST_F(ProcFsTest, ATaskMayVanishWhileItsFileIsOpen) {
    auto file = open_file("/", "/7/stat", kO_RDONLY, 0).value();
    host_task().pid = 8;
    std::byte byte;
    EXPECT_EQ(file->read({&byte, 1}).error(), Errno::kESRCH);
}

TEST_F(ProcFsTest, NothingCanBeChanged) {
    EXPECT_EQ(open_file("/", "/new", kO_CREAT | kO_WRONLY, 0644).error(), Errno::kEACCES);
    EXPECT_EQ(make_directory("/", "/new", 0755).error(), Errno::kEACCES);
    EXPECT_EQ(remove_path("/", "/uptime", false).error(), Errno::kEPERM);
    EXPECT_TRUE(open_file("/", "/uptime", kO_CREAT | kO_RDONLY, 0).ok()) << "what exists may be opened";
}
