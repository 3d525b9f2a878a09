/// @file
/// System calls about processes: identity, exec, exit, wait, signals.
#include <arch/x86_64/cpu_local.h>
#include <kernel/libk/string.h>
#include <kernel/mm/heap.h>
#include <kernel/mm/user_copy.h>
#include <kernel/panic_policy.h>
#include <kernel/syscall/calls.h>
#include <kernel/task/process.h>
#include <kernel/task/scheduler.h>

namespace {

/// wait4(2)'s option: don't wait.
constexpr uint64_t kWNOHANG = 1;
/// Highest signal number that programs may name.
constexpr uint64_t kMaximumSignal = 64;

/// The string vectors of execve(2), copied into a heap page: the strings packed, to be read as a StringList.
class StringVector {
  public:
    StringVector() = default;
    StringVector(const StringVector&) = delete;
    StringVector& operator=(const StringVector&) = delete;
    ~StringVector() { kfree(memory_); }

    /// Copies a null-terminated array of strings; E2BIG when they exceed a page. A null pointer is an empty
    /// vector.
    Result<void> copy_from(UserPtr<const uint64_t> array) {
        memory_ = static_cast<char*>(kmalloc(kPageSize));
        if (!memory_) return Errno::kENOMEM;
        if (array.is_null()) return {};
        for (;; count_++) {
            const uint64_t address = TRY(read_user(array + count_));
            if (!address) return {};
            auto length =
                copy_string_from_user({memory_ + size_, kPageSize - size_}, UserPtr<const char>{address});
            if (!length.ok()) return length.error() == Errno::kENAMETOOLONG ? Errno::kE2BIG : length.error();
            size_ += length.value() + 1;
        }
    }
    StringList list() const { return {{memory_, size_}, count_}; }

  private:
    char* memory_ = nullptr;
    size_t size_ = 0;
    size_t count_ = 0;
};

Errno execute(uint64_t path, uint64_t arguments, uint64_t environment) {
    // What replace_program() needs must not live on this stack, which it abandons: the vectors' pages are
    // freed first, so their content moves into the program's stack in between.
    std::array<char, kPathMax> name{};
    LoadedProgram program;
    {
        auto length = copy_string_from_user(name, UserPtr<const char>{path});
        if (!length.ok()) return length.error();
        StringVector argument_vector;
        StringVector environment_vector;
        if (auto copied = argument_vector.copy_from({arguments}); !copied.ok()) return copied.error();
        if (auto copied = environment_vector.copy_from({environment}); !copied.ok()) return copied.error();
        auto loaded = load_program(current()->cwd.data(), name.data(), argument_vector.list(),
                                   environment_vector.list());
        if (!loaded.ok()) return loaded.error();
        program = std::move(loaded.value());
    }
    replace_program(name.data(), std::move(program));
}

Result<void> set_process_group(int pid, int group) {
    if (pid < 0 || group < 0) return Errno::kEINVAL;
    LockGuard guard(task_list_lock());
    Task* task = pid == 0 ? current() : find_task(pid);
    if (!task || (task != current() && task->parent != current())) return Errno::kESRCH;
    task->process_group = group == 0 ? task->pid : group;
    return {};
}

Result<uint64_t> get_process_group(int pid) {
    LockGuard guard(task_list_lock());
    const Task* task = pid == 0 ? current() : find_task(pid);
    if (!task) return Errno::kESRCH;
    return static_cast<uint64_t>(task->process_group);
}

Result<void> kill(int pid, uint64_t signal) {
    if (signal > kMaximumSignal) return Errno::kEINVAL;
    const int number = static_cast<int>(signal);
    if (pid == 0) return signal_group(current()->process_group, number);
    if (pid < -1) return signal_group(-pid, number);
    if (pid == -1) {
        // Everybody but init and the caller.
        for_each_task([&](Task& task) {
            if (task.pid > 1 && &task != current()) send_signal(task, number);
        });
        return {};
    }
    LockGuard guard(task_list_lock());
    Task* task = find_task(pid);
    if (!task) return Errno::kESRCH;
    send_signal(*task, number);
    return {};
}

/// struct kernel_sigaction of Linux on x86_64.
struct SignalAction {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};
constexpr uint64_t kSIG_DFL = 0;
constexpr uint64_t kSIG_IGN = 1;

Result<void> signal_action(uint64_t signal, UserPtr<const SignalAction> action, UserPtr<SignalAction> old,
                           uint64_t size) {
    if (signal == 0 || signal >= 32 || signal == kSIGKILL || size != 8) return Errno::kEINVAL;
    Task& task = *current();
    const uint32_t bit = 1u << signal;
    const SignalAction before{task.ignored_signals & bit ? kSIG_IGN : kSIG_DFL, 0, 0, 0};
    if (!action.is_null()) {
        const SignalAction wanted = TRY(read_user(action));
        // There are no handlers: a program that wants one must know.
        if (wanted.handler != kSIG_DFL && wanted.handler != kSIG_IGN) return Errno::kENOSYS;
        if (!old.is_null()) TRY_VOID(write_user(old, before));
        task.ignored_signals =
            wanted.handler == kSIG_IGN ? task.ignored_signals | bit : task.ignored_signals & ~bit;
        return {};
    }
    if (!old.is_null()) TRY_VOID(write_user(old, before));
    return {};
}

}  // namespace

int64_t sys_execve(uint64_t path, uint64_t arguments, uint64_t environment, uint64_t, uint64_t, uint64_t) {
    return to_return(execute(path, arguments, environment));
}

int64_t sys_exit(uint64_t code, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    exit_current(static_cast<int>(code & 0xff) << 8);
}

int64_t sys_wait4(uint64_t pid, uint64_t status, uint64_t options, uint64_t, uint64_t, uint64_t) {
    if (options & ~kWNOHANG) return to_return(Errno::kEINVAL);
    auto child = wait_for_child(static_cast<int>(pid), !(options & kWNOHANG));
    if (!child.ok()) return to_return(child.error());
    if (child.value().pid && status) {
        auto written = write_user(UserPtr<int>{status}, child.value().status);
        if (!written.ok()) return to_return(written.error());
    }
    return child.value().pid;
}

int64_t sys_getpid(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return current()->pid;
}

int64_t sys_getppid(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    LockGuard guard(task_list_lock());
    const Task* parent = current()->parent;
    return parent && parent->pid > 0 ? parent->pid : 0;
}

int64_t sys_getuid(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return 0;
}

int64_t sys_setpgid(uint64_t pid, uint64_t group, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(set_process_group(static_cast<int>(pid), static_cast<int>(group)));
}

int64_t sys_getpgrp(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return current()->process_group;
}

int64_t sys_getpgid(uint64_t pid, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(get_process_group(static_cast<int>(pid)));
}

int64_t sys_kill(uint64_t pid, uint64_t signal, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(kill(static_cast<int>(pid), signal));
}

int64_t sys_rt_sigaction(uint64_t signal, uint64_t action, uint64_t old, uint64_t size, uint64_t, uint64_t) {
    return to_return(signal_action(signal, {action}, {old}, size));
}

int64_t sys_sched_yield(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    schedule();
    return 0;
}

int64_t sys_reboot(uint64_t magic1, uint64_t magic2, uint64_t command, uint64_t, uint64_t, uint64_t) {
    // LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, and the one command there is: LINUX_REBOOT_CMD_POWER_OFF.
    constexpr uint32_t kMagic1 = 0xfee1dead, kMagic2 = 672274793, kPowerOff = 0x4321fedc;
    if (static_cast<uint32_t>(magic1) != kMagic1 || static_cast<uint32_t>(magic2) != kMagic2 ||
        static_cast<uint32_t>(command) != kPowerOff)
        return to_return(Errno::kEINVAL);
    power_off();
}
