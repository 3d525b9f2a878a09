/// @file
/// Signals: what a task is told by others, by its terminal, or by a fault of its own.
///
/// There is no job control: SIGSTOP, SIGTSTP, SIGTTIN and SIGTTOU have no effect unless a program handles
/// them (SIGSTOP can't be handled). Nor are there real-time signals; each signal is pending once or not at
/// all.
#pragma once

#include <array>
#include <cstdint>

#include <kernel/libk/result.h>

struct Task;

/// Signal numbers, with Linux's values.
inline constexpr int kSIGINT = 2;        ///< Ctrl-C
inline constexpr int kSIGQUIT = 3;       ///< Ctrl-backslash
inline constexpr int kSIGILL = 4;        ///< invalid instruction
inline constexpr int kSIGTRAP = 5;       ///< breakpoint, single step
inline constexpr int kSIGBUS = 7;        ///< memory that is not there
inline constexpr int kSIGFPE = 8;        ///< arithmetic
inline constexpr int kSIGKILL = 9;       ///< can't be ignored, handled or blocked
inline constexpr int kSIGSEGV = 11;      ///< access that is not allowed
inline constexpr int kSIGPIPE = 13;      ///< a pipe that nobody reads
inline constexpr int kSIGCHLD = 17;      ///< a child has ended
inline constexpr int kSIGCONT = 18;      ///< go on after a stop
inline constexpr int kSIGSTOP = 19;      ///< stop; can't be handled or blocked
inline constexpr int kSIGWINCH = 28;     ///< the window has another size
inline constexpr int kSignalCount = 32;  ///< signals are 1 to 31

/// A set of signals as sigset_t has it: bit n - 1 stands for signal n.
using SignalSet = uint64_t;
/// The set of `signal`, from 1 up, alone.
constexpr SignalSet signal_bit(int signal) {
    return SignalSet{1} << (signal - 1);
}
/// What can be neither blocked, handled nor ignored.
inline constexpr SignalSet kUnblockable = signal_bit(kSIGKILL) | signal_bit(kSIGSTOP);

/// SignalAction::handler: what the signal does by itself.
inline constexpr uint64_t kSIG_DFL = 0;
/// SignalAction::handler: nothing.
inline constexpr uint64_t kSIG_IGN = 1;
inline constexpr uint64_t kSA_ONSTACK = 0x08000000;    ///< run the handler on the stack of sigaltstack(2)
inline constexpr uint64_t kSA_RESTART = 0x10000000;    ///< make an interrupted call again afterwards
inline constexpr uint64_t kSA_NODEFER = 0x40000000;    ///< don't block the signal while its handler runs
inline constexpr uint64_t kSA_RESETHAND = 0x80000000;  ///< back to kSIG_DFL before the handler runs
inline constexpr uint64_t kSA_RESTORER = 0x04000000;   ///< `restorer` is there: required here

/// struct kernel_sigaction of Linux on x86_64.
struct SignalAction {
    uint64_t handler = kSIG_DFL;  ///< address of the handler, or one of the two above
    uint64_t flags = 0;           ///< SA_*
    uint64_t restorer = 0;        ///< where a handler returns to; calls rt_sigreturn(2)
    SignalSet mask = 0;           ///< blocked while the handler runs
};

/// A stack for handlers: `stack_t` of sigaltstack(2).
struct SignalStack {
    uint64_t base = 0;    ///< its lowest address
    int32_t flags = 2;    ///< kSS_DISABLE or 0
    int32_t padding = 0;  ///< 0
    uint64_t size = 0;    ///< bytes
};
inline constexpr int32_t kSS_DISABLE = 2;  ///< SignalStack::flags: there is none

/// Where a signal comes from, as siginfo_t tells it, and of a fault what struct sigcontext tells besides.
struct SignalInfo {
    int32_t code = 0;      ///< si_code: SI_USER (0), SI_KERNEL, or by which kind of fault
    int32_t pid = 0;       ///< who sent it, or whose end it tells of
    int32_t status = 0;    ///< of SIGCHLD: the exit code, or the signal that ended the child
    uint64_t address = 0;  ///< of a fault: si_addr
    uint64_t vector = 0;   ///< of a fault: number of the exception
    uint64_t error = 0;    ///< of a fault: its error code
    uint64_t cr2 = 0;      ///< of a page fault
};
inline constexpr int32_t kSI_KERNEL = 0x80;  ///< SignalInfo::code: sent by the kernel

/// A task's part in signals. Its own affair but for `pending` and `sent`, which anybody may add to.
struct Signals {
    std::array<SignalAction, kSignalCount> actions{};  ///< by signal; 0 is not used
    SignalSet pending = 0;                             ///< sent and not taken yet
    SignalSet blocked = 0;                             ///< must wait
    SignalSet saved_blocked = 0;   ///< `blocked` as it was before sigsuspend(2), while `restore_blocked`
    bool restore_blocked = false;  ///< `saved_blocked` counts again after the next handler
    int fault_signal = 0;          ///< the signal that `fault` is about; 0: none is pending
    SignalInfo fault;              ///< the program's last fault
    SignalStack stack;             ///< sigaltstack(2)
    std::array<uint64_t, kSignalCount> sent{};  ///< of pending signals: pid, and the status << 32
};

/// Sends `signal`, 1 to 31, to a task; any other number does nothing. Unless ignored or blocked, a sleep is
/// cut short, and before the task next returns to ring 3 it dies or its handler is entered. `pid` and
/// `status` as SignalInfo has them; pid 0: the kernel itself. Any context except NMI.
/// @callergraph
void send_signal(Task& task, int signal, int pid = 0, int status = 0);
/// For a fault of the current task's own: it can be handled, but not ignored or blocked. True when a handler
/// will run, false when the task will die. IF=0.
bool force_signal(Task& task, int signal, const SignalInfo& fault);
/// The task will die of `signal`, whatever it has said about it, before it next returns to ring 3. It must
/// not be asleep. Any context except NMI.
void condemn(Task& task, int signal);
/// Sends `signal` to every task of process group `group`. ESRCH when there is none. Any context except NMI.
Result<void> signal_group(int group, int signal, int pid = 0);

/// Replaces the set of blocked signals of the current task; what becomes free is delivered on the way back to
/// ring 3. Task context.
void block_signals(SignalSet blocked);
/// As execve(2) wants it: handlers go, since their code does; what is ignored stays so.
void reset_handlers(Signals& signals);

/// A signal taken for delivery to its handler.
struct TakenSignal {
    int number = 0;         ///< 0: there is none
    SignalAction action;    ///< with a handler
    SignalInfo info;        ///< where it comes from
    SignalSet blocked = 0;  ///< what shall be blocked again when the handler has returned
};
/// Takes the next signal of the current task that has a handler, and blocks what its action wants blocked.
/// Those without effect are dropped. Never returns when there is one that ends the task. Task context.
TakenSignal take_signal();
