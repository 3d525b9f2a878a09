/// @file
/// Sending, blocking and taking signals.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/current.h>
#include <kernel/task/process.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/signal.h>
#include <kernel/task/task.h>

namespace {

/// si_code of SIGCHLD.
constexpr int32_t kCLD_EXITED = 1, kCLD_KILLED = 2;

/// Signals that do nothing unless handled: those about children, windows and urgent data, and those of a job
/// control that is not there (SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU).
constexpr SignalSet kWithoutEffect = signal_bit(kSIGCHLD) | signal_bit(23) | signal_bit(kSIGWINCH) |
                                     signal_bit(kSIGCONT) | signal_bit(kSIGSTOP) | signal_bit(20) |
                                     signal_bit(21) | signal_bit(22);

bool has_no_effect(const Signals& signals, int signal) {
    const uint64_t handler = __atomic_load_n(&signals.actions[signal].handler, __ATOMIC_RELAXED);
    return handler == kSIG_IGN || (handler == kSIG_DFL && (kWithoutEffect & signal_bit(signal)));
}

/// Sees to a signal that is not blocked: it ends the task, or waits for its handler.
void note(Task& task, int signal) {
    if (task.signals.actions[signal].handler == kSIG_DFL) {
        condemn(task, signal);
    } else {
        __atomic_fetch_or(&task.signals.pending, signal_bit(signal), __ATOMIC_RELEASE);
        __atomic_store_n(&task.work, 1, __ATOMIC_RELEASE);
    }
}

SignalInfo info_of(int signal, uint64_t sent) {
    const auto pid = static_cast<int32_t>(sent);
    const auto status = static_cast<int32_t>(sent >> 32);
    if (signal != kSIGCHLD || pid == 0) return {.code = pid ? 0 : kSI_KERNEL, .pid = pid};
    const int32_t killer = status & 0x7f;
    return {.code = killer ? kCLD_KILLED : kCLD_EXITED, .pid = pid, .status = killer ? killer : status >> 8};
}

}  // namespace

void condemn(Task& task, int signal) {
    // In this order: whoever sees `work` finds the signal, and so does whoever is about to sleep.
    if (!task.fatal_signal) __atomic_store_n(&task.fatal_signal, signal, __ATOMIC_RELEASE);
    __atomic_store_n(&task.work, 1, __ATOMIC_RELEASE);
}

void send_signal(Task& task, int signal, int pid, int status) {
    if (signal <= 0 || signal >= kSignalCount || !task.is_user() || task.state == TaskState::kZombie) return;
    Signals& signals = task.signals;
    const SignalSet bit = signal_bit(signal);
    const bool blocked = (__atomic_load_n(&signals.blocked, __ATOMIC_RELAXED) & bit & ~kUnblockable) != 0;
    if (!blocked && has_no_effect(signals, signal)) return;
    // From others init gets what it handles, and nothing else: without it nobody would take ended processes
    // out of the table.
    if (task.pid == kInitPid && pid != kInitPid && signals.actions[signal].handler == kSIG_DFL) return;
    const uint64_t flags = irq_save();
    __atomic_store_n(&signals.sent[signal],
                     static_cast<uint64_t>(static_cast<uint32_t>(status)) << 32 | static_cast<uint32_t>(pid),
                     __ATOMIC_RELAXED);
    if (blocked) {
        __atomic_fetch_or(&signals.pending, bit, __ATOMIC_SEQ_CST);
        // It may have been let in since we looked, and the task may sleep by now.
        if (!(__atomic_load_n(&signals.blocked, __ATOMIC_SEQ_CST) & bit)) {
            __atomic_store_n(&task.work, 1, __ATOMIC_SEQ_CST);
            make_runnable(task);
        }
    } else {
        note(task, signal);
        make_runnable(task);
    }
    irq_restore(flags);
}

bool force_signal(Task& task, int signal, const SignalInfo& fault) {
    const uint64_t handler = task.signals.actions[signal].handler;
    if (handler == kSIG_DFL || handler == kSIG_IGN || task.signals.blocked & signal_bit(signal)) {
        condemn(task, signal);
        return false;
    }
    task.signals.fault = fault;
    task.signals.fault_signal = signal;
    note(task, signal);
    return true;
}

Result<void> signal_group(int group, int signal, int pid) {
    bool found = false;
    for_each_task([&](Task& task) {
        if (!task.is_user() || task.process_group != group) return;
        found = true;
        send_signal(task, signal, pid);
    });
    if (!found) return Errno::kESRCH;
    return {};
}

void block_signals(SignalSet blocked) {
    Task& task = *current();
    __atomic_store_n(&task.signals.blocked, blocked & ~kUnblockable, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&task.signals.pending, __ATOMIC_SEQ_CST) & ~blocked)
        __atomic_store_n(&task.work, 1, __ATOMIC_RELEASE);
}

void reset_handlers(Signals& signals) {
    for (SignalAction& action : signals.actions)
        action = {.handler = action.handler == kSIG_IGN ? kSIG_IGN : kSIG_DFL};
    signals.stack = {};
    signals.fault_signal = 0;
}

TakenSignal take_signal() {
    Task& task = *current();
    Signals& signals = task.signals;
    for (;;) {
        if (const int fatal = __atomic_load_n(&task.fatal_signal, __ATOMIC_SEQ_CST)) exit_current(fatal);
        const SignalSet ready = __atomic_load_n(&signals.pending, __ATOMIC_SEQ_CST) & ~signals.blocked;
        if (!ready) {
            // sigsuspend(2) was woken for nothing.
            if (std::exchange(signals.restore_blocked, false)) block_signals(signals.saved_blocked);
            return {};
        }
        // A fault goes first: its handler must find the registers of the instruction that caused it.
        const int number = signals.fault_signal && ready & signal_bit(signals.fault_signal)
                               ? signals.fault_signal
                               : __builtin_ctzll(ready) + 1;
        __atomic_fetch_and(&signals.pending, ~signal_bit(number), __ATOMIC_SEQ_CST);
        if (has_no_effect(signals, number)) continue;
        SignalAction& action = signals.actions[number];
        if (action.handler == kSIG_DFL) exit_current(number);

        TakenSignal taken;
        taken.number = number;
        taken.action = action;
        taken.blocked = signals.restore_blocked ? signals.saved_blocked : signals.blocked;
        signals.restore_blocked = false;
        if (number == signals.fault_signal) {
            taken.info = signals.fault;
            signals.fault_signal = 0;
        } else {
            taken.info = info_of(number, __atomic_load_n(&signals.sent[number], __ATOMIC_RELAXED));
        }
        if (action.flags & kSA_RESETHAND) action.handler = kSIG_DFL;
        block_signals(signals.blocked | action.mask | (action.flags & kSA_NODEFER ? 0 : signal_bit(number)));
        return taken;
    }
}
