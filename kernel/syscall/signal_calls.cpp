/// @file
/// System calls about signals.
#include <arch/x86_64/current.h>
#include <arch/x86_64/layout.h>
#include <kernel/mm/user_copy.h>
#include <kernel/syscall/calls.h>
#include <kernel/task/task.h>
#include <kernel/task/timer.h>

namespace {

/// Highest signal number that kill(2) may name; what is above kSignalCount has no effect.
constexpr uint64_t kMaximumSignal = 64;
/// Size of the sigset_t that the kernel knows.
constexpr uint64_t kSetSize = sizeof(SignalSet);
/// How rt_sigprocmask(2) shall change what is blocked.
constexpr uint32_t kSIG_BLOCK = 0, kSIG_UNBLOCK = 1, kSIG_SETMASK = 2;
/// Smallest stack for handlers.
constexpr uint64_t kMINSIGSTKSZ = 2048;

Result<void> send_to(int pid, uint64_t signal) {
    if (signal > kMaximumSignal || pid <= 0) return Errno::kEINVAL;
    LockGuard guard(task_list_lock());
    Task* task = find_task(pid);
    if (!task) return Errno::kESRCH;
    send_signal(*task, static_cast<int>(signal), current()->pid);
    return {};
}

}  // namespace

CallResult sys_kill(uint64_t pid_number, uint64_t number, uint64_t, uint64_t, uint64_t, uint64_t) {
    const int pid = static_cast<int>(pid_number);
    if (pid > 0) return send_to(pid, number);
    if (number > kMaximumSignal) return Errno::kEINVAL;
    const int signal = static_cast<int>(number);
    const int self = current()->pid;
    if (pid == 0) return signal_group(current()->process_group, signal, self);
    if (pid < -1) return signal_group(-pid, signal, self);
    // Everybody but init and the caller.
    for_each_task([&](Task& task) {
        if (task.pid > 1 && &task != current()) send_signal(task, signal, self);
    });
    return 0;
}

CallResult sys_tgkill(uint64_t, uint64_t pid, uint64_t signal, uint64_t, uint64_t, uint64_t) {
    return send_to(static_cast<int>(pid), signal);
}

CallResult sys_tkill(uint64_t pid, uint64_t signal, uint64_t, uint64_t, uint64_t, uint64_t) {
    return send_to(static_cast<int>(pid), signal);
}

CallResult sys_rt_sigaction(uint64_t signal, uint64_t action, uint64_t old, uint64_t size, uint64_t,
                            uint64_t) {
    if (signal == 0 || signal >= kSignalCount || size != kSetSize) return Errno::kEINVAL;
    SignalAction& now = current()->signals.actions[signal];
    SignalAction wanted = now;
    if (action) {
        if (signal_bit(static_cast<int>(signal)) & kUnblockable) return Errno::kEINVAL;
        wanted = TRY(read_user(UserPtr<const SignalAction>{action}));
    }
    if (old) TRY_VOID(write_user(UserPtr<SignalAction>{old}, now));
    now = wanted;
    return 0;
}

CallResult sys_rt_sigprocmask(uint64_t how, uint64_t set, uint64_t old, uint64_t size, uint64_t, uint64_t) {
    if (size != kSetSize) return Errno::kEINVAL;
    const SignalSet before = current()->signals.blocked;
    if (set) {
        const SignalSet change = TRY(read_user(UserPtr<const SignalSet>{set}));
        const auto kind = static_cast<uint32_t>(how);
        if (kind > kSIG_SETMASK) return Errno::kEINVAL;
        block_signals(kind == kSIG_BLOCK     ? before | change
                      : kind == kSIG_UNBLOCK ? before & ~change
                                             : change);
    }
    if (old) TRY_VOID(write_user(UserPtr<SignalSet>{old}, before));
    return 0;
}

CallResult sys_rt_sigpending(uint64_t set, uint64_t size, uint64_t, uint64_t, uint64_t, uint64_t) {
    if (size > kSetSize) return Errno::kEINVAL;
    const SignalSet pending = __atomic_load_n(&current()->signals.pending, __ATOMIC_RELAXED);
    return copy_to_user(UserPtr<void>{set}, &pending, size);
}

CallResult sys_rt_sigsuspend(uint64_t set, uint64_t size, uint64_t, uint64_t, uint64_t, uint64_t) {
    if (size != kSetSize) return Errno::kEINVAL;
    const SignalSet blocked = TRY(read_user(UserPtr<const SignalSet>{set}));
    Signals& signals = current()->signals;
    signals.saved_blocked = signals.blocked;
    signals.restore_blocked = true;
    block_signals(blocked);
    return sys_pause(0, 0, 0, 0, 0, 0);
}

/// Sleeps until a signal has a handler to run, or ends the task.
CallResult sys_pause(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    for (;;) TRY_VOID(sleep_until(~uint64_t{0}));
}

CallResult sys_sigaltstack(uint64_t wanted, uint64_t old, uint64_t, uint64_t, uint64_t, uint64_t) {
    SignalStack& stack = current()->signals.stack;
    const SignalStack before = stack;
    if (wanted) {
        SignalStack next = TRY(read_user(UserPtr<const SignalStack>{wanted}));
        next.padding = 0;
        if (next.flags & ~kSS_DISABLE) return Errno::kEINVAL;
        if (!(next.flags & kSS_DISABLE) && next.size < kMINSIGSTKSZ) return Errno::kENOMEM;
        stack = next;
    }
    if (old) TRY_VOID(write_user(UserPtr<SignalStack>{old}, before));
    return 0;
}
