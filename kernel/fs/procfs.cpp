/// @file
/// The files of /proc. An inode here holds a pid, never a task: the task is looked up at each use, as it may
/// be gone.
#include <kernel/fs/procfs.h>

#include <algorithm>
#include <charconv>

#include <arch/x86_64/current.h>
#include <kernel/libk/format.h>
#include <kernel/libk/string.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/heap.h>
#include <kernel/task/task.h>
#include <kernel/task/timer.h>

namespace {

/// Longest text of a file here, in bytes; more is cut.
constexpr size_t kTextMax = 512;
/// Clock ticks a second as programs know them, whatever the timer's rate is (USER_HZ of Linux).
constexpr uint64_t kUserHz = 100;
/// In the flags of `stat`: a kernel thread (PF_KTHREAD of Linux).
constexpr uint32_t kKernelThreadFlag = 0x00200000;

uint64_t to_user_ticks(uint64_t ticks) {
    return ticks * kUserHz / timer_hz();
}

/// Inode numbers follow from the pid and the file, so that a name keeps its number from one look-up to the
/// next.
constexpr uint64_t inode_number(int pid, uint64_t file) {
    return Inode::kFirstFreeNumber + static_cast<uint64_t>(pid) * 16 + file;
}

/// In the order of TaskState.
constexpr std::string_view kStateLetters = "RSZ";

Result<size_t> write_stat(int pid, std::span<char> out) {
    LockGuard guard(task_list_lock());
    const Task* task = find_task(pid);
    if (!task) return Errno::kESRCH;
    return format_to(
        out,
        "%d (%s) %c %d %d %d "          // pid comm state ppid pgrp session
        "0 -1 %u 0 0 0 0 "              // tty_nr tpgid flags minflt cminflt majflt cmajflt
        "%lu 0 0 0 20 0 1 0 %lu "       // utime stime cutime cstime priority nice threads itreal start
        "0 0 0 0 0 0 0 0 "              // vsize rss rsslim startcode endcode startstack esp eip
        "0 0 0 0 0 0 0 17 %u "          // signal blocked ignored caught wchan nswap cnswap exit processor
        "0 0 0 0 0 0 0 0 0 0 0 0 0\n",  // rt_priority policy ... env_end exit_code: to field 52 and last
        task->pid, task->name.data(), kStateLetters[static_cast<size_t>(task->state)],
        task->parent ? task->parent->pid : 0, task->process_group, 0, task->is_user() ? 0 : kKernelThreadFlag,
        to_user_ticks(task->ticks_used), to_user_ticks(task->start_tick), task->processor);
}

Result<size_t> write_cmdline(int pid, std::span<char> out) {
    LockGuard guard(task_list_lock());
    const Task* task = find_task(pid);
    if (!task) return Errno::kESRCH;
    if (!task->is_user()) return size_t{0};
    const std::string_view arguments(task->arguments.data(), task->arguments.size());
    arguments.copy(out.data(), out.size());
    // Up to the null that ends the last one; without any (npos), a null alone.
    return arguments.find_last_not_of('\0') + 2;
}

Result<size_t> write_uptime(int, std::span<char> out) {
    const uint64_t hundredths = timer_ticks() * 100 / timer_hz();
    // The second number is the idle time, which nobody counts.
    return format_to(out, "%lu.%02lu 0.00\n", hundredths / 100, hundredths % 100);
}

Result<size_t> write_meminfo(int, std::span<char> out) {
    const uint64_t kilobytes_per_frame = kPageSize / 1024;
    const uint64_t free = free_frame_count() * kilobytes_per_frame;
    return format_to(out,
                     "MemTotal:       %8lu kB\nMemFree:        %8lu kB\nMemAvailable:   %8lu kB\n"
                     "Slab:           %8lu kB\n",
                     total_frame_count() * kilobytes_per_frame, free, free,
                     heap_slab_count() * kilobytes_per_frame);
}

/// A file whose text `Writer` makes anew for each read, at most kTextMax bytes. It gets the pid, or 0 for the
/// files that are about no task.
using Writer = Result<size_t> (*)(int pid, std::span<char> out);

class ProcFile final : public Inode {
  public:
    ProcFile(Writer writer, int pid, uint64_t number)
        : Inode(FileType::kRegular, 0444, number), writer_(writer), pid_(pid) {}

    Result<size_t> read(uint64_t offset, std::span<std::byte> out, uint32_t) override {
        std::array<char, kTextMax> text;
        const size_t length = std::min(TRY(writer_(pid_, text)), text.size());
        if (offset >= length) return size_t{0};
        const size_t count = std::min<size_t>(out.size(), length - offset);
        memcpy(out.data(), &text[offset], count);
        return count;
    }

  private:
    Writer writer_;
    int pid_;
};

/// A name that is always there, and what writes its text.
struct FixedFile {
    std::string_view name;
    Writer writer;
};
constexpr std::array<FixedFile, 2> kRootFiles{{{"uptime", write_uptime}, {"meminfo", write_meminfo}}};
constexpr std::array<FixedFile, 2> kTaskFiles{{{"stat", write_stat}, {"cmdline", write_cmdline}}};

DirectoryEntry make_entry(uint64_t next, uint64_t number, FileType type, std::string_view name) {
    DirectoryEntry entry{.next = next, .inode_number = number, .type = type};
    copy_string(entry.name, name);
    return entry;
}

/// What `exe` leads to: the program itself, as there are no symbolic links. It is not listed.
Result<Ref<Inode>> program_of(int pid) {
    LockGuard guard(task_list_lock());
    const Task* task = find_task(pid);
    if (!task || !task->program) return Errno::kENOENT;
    return Ref<Inode>(task->program);
}

/// The smallest pid from `lowest` up that a task has, or 0.
int next_pid(int lowest) {
    int next = 0;
    for_each_task([&](const Task& task) {
        if (task.pid >= lowest && (next == 0 || task.pid < next)) next = task.pid;
    });
    return next;
}

/// The pid that `name` spells, or 0, which is nobody's.
int parse_pid(std::string_view name) {
    int pid = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data(), end, pid);
    // Neither a sign nor zeros in front: a pid has one spelling.
    return error == std::errc{} && stop == end && name.front() >= '1' ? pid : 0;
}

/// The directory of the task with this pid, or with 0 the root.
class ProcDirectory final : public Inode {
  public:
    explicit ProcDirectory(int pid) : Inode(FileType::kDirectory, 0555, inode_number(pid, 0)), pid_(pid) {}

    Result<Ref<Inode>> lookup(std::string_view name) override {
        for (uint64_t i = 0; i < files().size(); i++)
            if (files()[i].name == name)
                return Ref<Inode>(
                    TRY(make_ref<ProcFile>(files()[i].writer, pid_, inode_number(pid_, i + 1))));
        if (pid_ != 0) return name == "exe" ? program_of(pid_) : Errno::kENOENT;
        const int pid = name == "self" ? current()->pid : parse_pid(name);
        if (pid == 0 || next_pid(pid) != pid) return Errno::kENOENT;
        return Ref<Inode>(TRY(make_ref<ProcDirectory>(pid)));
    }

    /// Positions: the fixed files, in the root then `self` and the tasks by pid.
    Result<DirectoryEntry> entry(uint64_t position) override {
        const uint64_t self = files().size();
        if (position < self)
            return make_entry(position + 1, inode_number(pid_, position + 1), FileType::kRegular,
                              files()[position].name);
        if (pid_ != 0) return Errno::kENOENT;
        if (position == self)
            return make_entry(self + 1, inode_number(current()->pid, 0), FileType::kDirectory, "self");
        // Pids start at 1.
        const int pid = next_pid(static_cast<int>(position - self));
        if (pid == 0) return Errno::kENOENT;
        std::array<char, 16> name;
        format_to(name, "%d", pid);
        return make_entry(self + static_cast<uint64_t>(pid) + 1, inode_number(pid, 0), FileType::kDirectory,
                          name.data());
    }

  private:
    std::span<const FixedFile> files() const { return pid_ == 0 ? kRootFiles : kTaskFiles; }

    int pid_;
};

}  // namespace

Result<Ref<Inode>> make_procfs() {
    return Ref<Inode>(TRY(make_ref<ProcDirectory>(0)));
}
