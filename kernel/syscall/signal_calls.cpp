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

Result<void> send_to(int pid, int signal) {
    LockGuard guard(task_list_lock());
    Task* task = find_task(pid);
    if (!task) return Errno::kESRCH;
    send_signal(*task, signal, current()->pid);
    return {};
}

Result<void> kill(int pid, uint64_t number) {
    if (number > kMaximumSignal) return Errno::kEINVAL;
    const int signal = static_cast<int>(number);
    if (pid > 0) return send_to(pid, signal);
    const int self = current()->pid;
    if (pid == 0) return signal_group(current()->process_group, signal, self);
    if (pid < -1) return signal_group(-pid, signal, self);
    // Everybody but init and the caller.
    for_each_task([&](Task& task) {
        if (task.pid > 1 && &task != current()) send_signal(task, signal, self);
    });
    return {};
}

Result<void> signal_thread(int pid, uint64_t number) {
    if (number > kMaximumSignal || pid <= 0) return Errno::kEINVAL;
    return send_to(pid, static_cast<int>(number));
}

Result<void> signal_action(uint64_t signal, UserPtr<const SignalAction> action, UserPtr<SignalAction> old,
                           uint64_t size) {
    if (signal == 0 || signal >= kSignalCount || size != kSetSize) return Errno::kEINVAL;
    SignalAction& now = current()->signals.actions[signal];
    SignalAction wanted = now;
    if (!action.is_null()) {
        if (signal_bit(static_cast<int>(signal)) & kUnblockable) return Errno::kEINVAL;
        wanted = TRY(read_user(action));
    }
    if (!old.is_null()) TRY_VOID(write_user(old, now));
    now = wanted;
    return {};
}

Result<void> change_blocked(uint32_t how, UserPtr<const SignalSet> set, UserPtr<SignalSet> old,
                            uint64_t size) {
    if (size != kSetSize) return Errno::kEINVAL;
    const SignalSet before = current()->signals.blocked;
    if (!set.is_null()) {
        const SignalSet change = TRY(read_user(set));
        switch (how) {
            case kSIG_BLOCK:
                block_signals(before | change);
                break;
            case kSIG_UNBLOCK:
                block_signals(before & ~change);
                break;
            case kSIG_SETMASK:
                block_signals(change);
                break;
            default:
                return Errno::kEINVAL;
        }
    }
    if (!old.is_null()) TRY_VOID(write_user(old, before));
    return {};
}

/// Sleeps until a signal has a handler to run, or ends the task.
Errno wait_for_signal() {
    for (;;)
        if (auto slept = sleep_until(~uint64_t{0}); !slept.ok()) return slept.error();
}

Errno suspend(UserPtr<const SignalSet> set, uint64_t size) {
    if (size != kSetSize) return Errno::kEINVAL;
    auto blocked = read_user(set);
    if (!blocked.ok()) return blocked.error();
    Signals& signals = current()->signals;
    signals.saved_blocked = signals.blocked;
    signals.restore_blocked = true;
    block_signals(blocked.value());
    return wait_for_signal();
}

Result<void> set_stack(UserPtr<const SignalStack> wanted, UserPtr<SignalStack> old) {
    SignalStack& stack = current()->signals.stack;
    const SignalStack before = stack;
    if (!wanted.is_null()) {
        SignalStack next = TRY(read_user(wanted));
        next.padding = 0;
        if (next.flags & ~kSS_DISABLE) return Errno::kEINVAL;
        if (!(next.flags & kSS_DISABLE) && next.size < kMINSIGSTKSZ) return Errno::kENOMEM;
        stack = next;
    }
    if (!old.is_null()) TRY_VOID(write_user(old, before));
    return {};
}

}  // namespace

int64_t sys_kill(uint64_t pid, uint64_t signal, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(kill(static_cast<int>(pid), signal));
}

int64_t sys_tgkill(uint64_t, uint64_t pid, uint64_t signal, uint64_t, uint64_t, uint64_t) {
    return to_return(signal_thread(static_cast<int>(pid), signal));
}

int64_t sys_tkill(uint64_t pid, uint64_t signal, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(signal_thread(static_cast<int>(pid), signal));
}

int64_t sys_rt_sigaction(uint64_t signal, uint64_t action, uint64_t old, uint64_t size, uint64_t, uint64_t) {
    return to_return(
        signal_action(signal, UserPtr<const SignalAction>{action}, UserPtr<SignalAction>{old}, size));
}

int64_t sys_rt_sigprocmask(uint64_t how, uint64_t set, uint64_t old, uint64_t size, uint64_t, uint64_t) {
    return to_return(change_blocked(static_cast<uint32_t>(how), UserPtr<const SignalSet>{set},
                                    UserPtr<SignalSet>{old}, size));
}

int64_t sys_rt_sigpending(uint64_t set, uint64_t size, uint64_t, uint64_t, uint64_t, uint64_t) {
    if (size > kSetSize) return to_return(Errno::kEINVAL);
    const SignalSet pending = __atomic_load_n(&current()->signals.pending, __ATOMIC_RELAXED);
    return to_return(copy_to_user(UserPtr<void>{set}, &pending, size));
}

int64_t sys_rt_sigsuspend(uint64_t set, uint64_t size, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(suspend(UserPtr<const SignalSet>{set}, size));
}

int64_t sys_pause(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(wait_for_signal());
}

int64_t sys_sigaltstack(uint64_t stack, uint64_t old, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(set_stack(UserPtr<const SignalStack>{stack}, UserPtr<SignalStack>{old}));
}
