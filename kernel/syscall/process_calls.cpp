/// @file
/// System calls about processes: identity, exec, exit, wait.
#include <arch/x86_64/cpu_local.h>
#include <kernel/mm/heap.h>
#include <kernel/mm/user_copy.h>
#include <kernel/panic_policy.h>
#include <kernel/syscall/calls.h>
#include <kernel/task/process.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/timer.h>

namespace {

/// wait4(2)'s options: don't wait; and tell of children that were stopped or go on, which nobody is here.
constexpr uint64_t kWNOHANG = 1, kWUNTRACED = 2, kWCONTINUED = 8;

/// struct rusage, of which this kernel knows one thing.
struct ResourceUsage {
    int64_t user_seconds,
        user_microseconds;            ///< time that it ran, in steps of a tick, the kernel's part included
    std::array<int64_t, 16> unknown;  ///< what Linux counts besides
};
static_assert(sizeof(ResourceUsage) == 144);

/// Copies a string vector of execve(2), a null-terminated array of strings, into `page`; E2BIG when they
/// exceed it. A null pointer is an empty vector.
Result<StringList> copy_strings(const HeapPage& page, UserPtr<const uint64_t> array) {
    if (!page.ok()) return Errno::kENOMEM;
    const std::span<char> text = page.bytes<char>();
    size_t size = 0, count = 0;
    for (; !array.is_null(); count++) {
        const uint64_t address = TRY(read_user(array + count));
        if (!address) break;
        auto length = copy_string_from_user(text.subspan(size), UserPtr<const char>{address});
        if (!length.ok()) return length.error() == Errno::kENAMETOOLONG ? Errno::kE2BIG : length.error();
        size += length.value() + 1;
    }
    return StringList{{text.data(), size}, count};
}

/// The caller for 0, else the process called `pid`; or null.
Task* task_or_self(uint64_t pid) REQUIRES(task_list_lock()) {
    return static_cast<int>(pid) == 0 ? current() : find_task(static_cast<int>(pid));
}

}  // namespace

CallResult sys_execve(uint64_t path, uint64_t arguments, uint64_t environment, uint64_t, uint64_t, uint64_t) {
    // What replace_program() needs must not live on this stack, which it abandons: the vectors' pages are
    // freed first, so their content moves into the program's stack in between.
    std::array<char, kPathMax> name{};
    static_cast<void>(TRY(copy_string_from_user(name, UserPtr<const char>{path})));
    LoadedProgram program;
    {
        const HeapPage argument_page, environment_page;
        const auto argument_list = TRY(copy_strings(argument_page, UserPtr<const uint64_t>{arguments}));
        const auto environment_list =
            TRY(copy_strings(environment_page, UserPtr<const uint64_t>{environment}));
        program = TRY(load_program(current()->cwd.data(), name.data(), argument_list, environment_list));
    }
    replace_program(name.data(), std::move(program));
}

CallResult sys_exit(uint64_t code, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    exit_current(static_cast<int>(code & 0xff) << 8);
}

CallResult sys_wait4(uint64_t pid, uint64_t status, uint64_t options, uint64_t usage, uint64_t, uint64_t) {
    if (options & ~(kWNOHANG | kWUNTRACED | kWCONTINUED)) return Errno::kEINVAL;
    auto result = wait_for_child(static_cast<int>(pid), !(options & kWNOHANG));
    if (!result.ok()) return to_return_waiting(result.error(), kCallWait4);
    const ExitedChild& child = result.value();
    if (child.pid && status) TRY_VOID(write_user(UserPtr<int>{status}, child.status));
    if (child.pid && usage) {
        const uint64_t hz = timer_hz();
        TRY_VOID(write_user(UserPtr<ResourceUsage>{usage},
                            {static_cast<int64_t>(child.ticks / hz),
                             static_cast<int64_t>(child.ticks % hz * (1'000'000 / hz)),
                             {}}));
    }
    return child.pid;
}

CallResult sys_getpid(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return current()->pid;
}

CallResult sys_getppid(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    LockGuard guard(task_list_lock());
    const Task* parent = current()->parent;
    return parent && parent->pid > 0 ? parent->pid : 0;
}

CallResult sys_setsid(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    Task& task = *current();
    LockGuard guard(task_list_lock());
    if (task.process_group == task.pid) return Errno::kEPERM;
    task.process_group = task.pid;
    return task.pid;
}

CallResult sys_getuid(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return 0;
}

CallResult sys_setpgid(uint64_t pid, uint64_t group_number, uint64_t, uint64_t, uint64_t, uint64_t) {
    const int group = static_cast<int>(group_number);
    if (static_cast<int>(pid) < 0 || group < 0) return Errno::kEINVAL;
    LockGuard guard(task_list_lock());
    Task* task = task_or_self(pid);
    if (!task || (task != current() && task->parent != current())) return Errno::kESRCH;
    task->process_group = group == 0 ? task->pid : group;
    return 0;
}

CallResult sys_getpgrp(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return current()->process_group;
}

CallResult sys_getpgid(uint64_t pid, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    LockGuard guard(task_list_lock());
    const Task* task = task_or_self(pid);
    if (!task) return Errno::kESRCH;
    return task->process_group;
}

CallResult sys_sched_yield(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    schedule();
    return 0;
}

CallResult sys_reboot(uint64_t magic1, uint64_t magic2, uint64_t command, uint64_t, uint64_t, uint64_t) {
    // LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, and the one command there is: LINUX_REBOOT_CMD_POWER_OFF.
    constexpr uint32_t kMagic1 = 0xfee1dead, kMagic2 = 672274793, kPowerOff = 0x4321fedc;
    if (static_cast<uint32_t>(magic1) != kMagic1 || static_cast<uint32_t>(magic2) != kMagic2 ||
        static_cast<uint32_t>(command) != kPowerOff)
        return Errno::kEINVAL;
    power_off();
}
