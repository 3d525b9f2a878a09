/// @file
/// signals: handlers, masks, what a handler is told, and what rt_sigreturn() must not be talked into.
#include <initializer_list>

#include <userland/lib/program.h>
#include <userland/tests/check.h>
#include <userland/tests/registers.h>
#include <userland/tests/signals.h>

namespace {

volatile int calls = 0;        ///< of count()
volatile int last_signal = 0;  ///< what the last call of a handler was told
SignalInfo last_info;

alignas(16) char handler_stack[16384];

void note(int signal, const SignalInfo* info) {
    calls = calls + 1;
    last_signal = signal;
    last_info = *info;
}

void count(int signal, SignalInfo* info, SignalContext*) {
    note(signal, info);
}

/// Ruins every register that a handler may.
void ruin(int signal, SignalInfo* info, SignalContext*) {
    note(signal, info);
    asm volatile(
        "std; cld; pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm15, %%xmm15; xor %%r8d, %%r8d; xor %%r15d, %%r15d" ::
            : "r8", "r15", "rax", "rcx", "rdx", "rsi", "rdi", "r9", "r10", "r11", "cc");
}

void handlers_run() {
    CHECK_EQ(handle(SIGUSR1, count), 0);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    CHECK_EQ(calls, 1);
    CHECK_EQ(last_signal, SIGUSR1);
    CHECK_EQ(last_info.code, 0);
    CHECK_EQ(last_info.pid(), getpid());
    // A child has the same handlers, and nothing pending.
    CHECK_EQ(run_in_child([] {
                 kill(getpid(), SIGUSR1);
                 if (calls != 2) exit(1);
             }),
             0);
    CHECK_EQ(calls, 1);
    SignalAction before;
    CHECK_EQ(syscall(SYS_rt_sigaction, SIGUSR1, 0, &before, 8), 0);
    CHECK_EQ(static_cast<long>(before.handler), reinterpret_cast<long>(count));
    for (const int signal : std::initializer_list<int>{SIGKILL, SIGSTOP, 0, -1, 65})
        CHECK_EQ(handle(signal, count), -EINVAL);
}

void registers_survive() {
    calls = 0;
    CHECK_EQ(handle(SIGUSR1, ruin), 0);
    fill_pattern(probe_in, 7);
    probe_in.rax = SYS_kill;
    probe_in.rdi = static_cast<uint64_t>(getpid());
    probe_in.rsi = SIGUSR1;
    probe_in.rsp = reinterpret_cast<uint64_t>(handler_stack + sizeof handler_stack);
    probe_in.rflags = RFLAGS_ALWAYS | RFLAGS_STATUS | RFLAGS_DF;
    syscall_probe();
    CHECK_EQ(calls, 1);
    CHECK_EQ(static_cast<long>(probe_out.rax), 0);
    check_registers("kill, with a handler");
}

void faults_tell_where() {
    struct Fault {
        int signal, code;
        bool has_address;
    };
    static constexpr Fault kExpected[] = {
        {SIGSEGV, 1, true}, {SIGSEGV, 2, true}, {SIGILL, 2, true}, {SIGFPE, 1, true}, {SIGTRAP, 0x80, false}};
    static volatile int number;
    for (const int signal : {SIGSEGV, SIGILL, SIGFPE, SIGTRAP})
        CHECK_EQ(handle(signal,
                        [](int got, SignalInfo* info, SignalContext* context) {
                            note(got, info);
                            context->rip = fault_resume[number];
                        }),
                 0);
    for (int i = 0; i < 5; ++i) {
        number = i;
        calls = 0;
        cause_fault[i]();
        CHECK_EQ(calls, 1);
        const Fault& expected = kExpected[i];
        CHECK_EQ(last_signal, expected.signal);
        CHECK_EQ(last_info.code, expected.code);
        if (expected.has_address)
            CHECK_EQ(static_cast<long>(last_info.address()), static_cast<long>(fault_address[i]));
    }
    for (const int signal : {SIGSEGV, SIGILL, SIGFPE, SIGTRAP}) set_signal(signal, false);
    // A fault can be neither ignored nor blocked.
    CHECK_EQ(run_in_child([] {
                 set_signal(SIGILL, true);
                 cause_fault[2]();
             }) & 0x7f,
             SIGILL);
    CHECK_EQ(run_in_child([] {
                 handle(SIGSEGV, count);
                 block(SIG_BLOCK, signal_bit(SIGSEGV));
                 cause_fault[0]();
             }) & 0x7f,
             SIGSEGV);
}

void masks_hold_back() {
    CHECK_EQ(handle(SIGUSR1, count), 0);
    CHECK_EQ(handle(SIGUSR2, count), 0);
    calls = 0;
    CHECK_EQ(block(SIG_BLOCK, signal_bit(SIGUSR1) | signal_bit(SIGUSR2)), 0);
    for (int i = 0; i < 3; ++i) kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR2);
    CHECK_EQ(calls, 0);
    uint64_t pending = 0;
    CHECK_EQ(syscall(SYS_rt_sigpending, &pending, 8), 0);
    CHECK_EQ(static_cast<long>(pending), static_cast<long>(signal_bit(SIGUSR1) | signal_bit(SIGUSR2)));
    CHECK_EQ(block(SIG_UNBLOCK, signal_bit(SIGUSR1)), 0);
    CHECK_EQ(calls, 1);
    CHECK_EQ(last_signal, SIGUSR1);
    CHECK_EQ(block(SIG_SETMASK, 0), 0);
    CHECK_EQ(calls, 2);
    CHECK_EQ(last_signal, SIGUSR2);
    CHECK_EQ(block(3, 0), -EINVAL);
    // What can't be blocked is not.
    CHECK_EQ(block(SIG_SETMASK, ~uint64_t{0}), 0);
    uint64_t blocked = 0;
    CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, &blocked, 8), 0);
    CHECK_EQ(static_cast<long>(blocked & (signal_bit(SIGKILL) | signal_bit(SIGSTOP))), 0);
    CHECK_EQ(block(SIG_SETMASK, 0), 0);
}

void handlers_nest() {
    static volatile int depth, deepest;
    const auto nested = [](int, SignalInfo*, SignalContext*) {
        depth = depth + 1;
        if (depth > deepest) deepest = depth;
        calls = calls + 1;
        if (calls < 3) kill(getpid(), SIGUSR1);
        depth = depth - 1;
    };
    // The signal is blocked while its handler runs, unless that is not wanted.
    for (const uint64_t flags : {uint64_t{0}, SA_NODEFER}) {
        calls = 0;
        depth = 0;
        deepest = 0;
        CHECK_EQ(handle(SIGUSR1, nested, flags), 0);
        kill(getpid(), SIGUSR1);
        CHECK_EQ(calls, 3);
        CHECK_EQ(deepest, flags ? 3 : 1);
    }
    // So is what the action names besides.
    CHECK_EQ(handle(SIGUSR2, count), 0);
    calls = 0;
    CHECK_EQ(handle(
                 SIGUSR1,
                 [](int, SignalInfo*, SignalContext*) {
                     kill(getpid(), SIGUSR2);
                     if (calls != 0) fail("SIGUSR2 came through");
                 },
                 0, signal_bit(SIGUSR2)),
             0);
    kill(getpid(), SIGUSR1);
    CHECK_EQ(calls, 1);
    CHECK_EQ(run_in_child([] {
                 handle(SIGUSR1, count, SA_RESETHAND);
                 kill(getpid(), SIGUSR1);
                 kill(getpid(), SIGUSR1);
             }),
             SIGUSR1);
}

/// Sends SIGUSR1 to the caller in a while, and after that a byte through `fd`.
long disturb(int fd) {
    const long parent = getpid();
    return start_child([=] {
        sleep_milliseconds(30);
        kill(parent, SIGUSR1);
        sleep_milliseconds(30);
        write(fd, "x", 1);
    });
}

void waits_are_cut_short() {
    int ends[2];
    char byte = 0;
    CHECK_EQ(pipe(ends), 0);
    for (const uint64_t flags : {uint64_t{0}, SA_RESTART}) {
        calls = 0;
        CHECK_EQ(handle(SIGUSR1, count, flags), 0);
        const long child = disturb(ends[1]);
        CHECK_EQ(read(ends[0], &byte, 1), flags ? 1 : -EINTR);
        CHECK_EQ(calls, 1);
        if (!flags) CHECK_EQ(read(ends[0], &byte, 1), 1);
        CHECK_EQ(wait_for(child), 0);
    }
    // nanosleep() is never made again, and tells what was left.
    const long child = disturb(ends[1]);
    const Timespec span{1000, 0};
    Timespec rest{0, 0};
    CHECK_EQ(syscall(SYS_nanosleep, &span, &rest), -EINTR);
    CHECK(rest.seconds >= 990 && rest.seconds < 1000);
    CHECK_EQ(wait_for(child), 0);
    // Without effect, it wakes nobody.
    set_signal(SIGUSR1, true);
    const long other = disturb(ends[1]);
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(wait_for(other), 0);
    close(ends[0]);
    // Nobody reads.
    CHECK_EQ(handle(SIGPIPE, count), 0);
    calls = 0;
    CHECK_EQ(write(ends[1], "x", 1), -EPIPE);
    CHECK_EQ(calls, 1);
    close(ends[1]);
}

void suspend_waits() {
    CHECK_EQ(handle(SIGUSR1, count), 0);
    CHECK_EQ(block(SIG_SETMASK, signal_bit(SIGUSR1)), 0);
    calls = 0;
    kill(getpid(), SIGUSR1);
    CHECK_EQ(calls, 0);
    const uint64_t none = 0;
    CHECK_EQ(syscall(SYS_rt_sigsuspend, &none, 8), -EINTR);
    CHECK_EQ(calls, 1);
    // The mask is what it was before.
    kill(getpid(), SIGUSR1);
    CHECK_EQ(calls, 1);
    CHECK_EQ(block(SIG_SETMASK, 0), 0);
    CHECK_EQ(calls, 2);
}

void parents_hear_of_children() {
    CHECK_EQ(handle(SIGCHLD, count), 0);
    CHECK_EQ(block(SIG_SETMASK, signal_bit(SIGCHLD)), 0);
    const uint64_t none = 0;
    const long pid = start_child([] { exit(5); });
    CHECK_EQ(syscall(SYS_rt_sigsuspend, &none, 8), -EINTR);
    CHECK_EQ(last_signal, SIGCHLD);
    CHECK_EQ(last_info.pid(), pid);
    CHECK_EQ(last_info.code, 1);
    CHECK_EQ(last_info.status(), 5);
    CHECK_EQ(wait_for(pid), exited(5));
    const long killed = start_child([] { kill(getpid(), SIGTERM); });
    CHECK_EQ(syscall(SYS_rt_sigsuspend, &none, 8), -EINTR);
    CHECK_EQ(last_info.code, 2);
    CHECK_EQ(last_info.status(), SIGTERM);
    CHECK_EQ(wait_for(killed), SIGTERM);
    CHECK_EQ(block(SIG_SETMASK, 0), 0);
    // Who ignores the signal has nobody to wait for.
    set_signal(SIGCHLD, true);
    for (int i = 0; i < 3; ++i) start_child([] {});
    CHECK_EQ(wait4(-1, nullptr), -ECHILD);
    set_signal(SIGCHLD, false);
}

/// Goes down until the stack ends. Not a tail call: the room is used afterwards.
int fall(int depth) {
    volatile char room[4096];
    room[0] = static_cast<char>(depth);
    return depth < 0 ? 0 : fall(depth + 1) + room[0];
}

void another_stack() {
    const SignalStack stack{handler_stack, 0, 0, sizeof handler_stack};
    CHECK_EQ(syscall(SYS_sigaltstack, &stack, 0), 0);
    SignalStack now{};
    CHECK_EQ(syscall(SYS_sigaltstack, 0, &now), 0);
    CHECK(now.base == handler_stack && now.size == sizeof handler_stack);
    const SignalStack small{handler_stack, 0, 0, 100};
    CHECK_EQ(syscall(SYS_sigaltstack, &small, 0), -ENOMEM);
    // A stack that has overflowed has no room for its own handler.
    const auto out_of_stack = [](int, SignalInfo* info, SignalContext*) {
        const char here = 0;
        exit(&here >= handler_stack && &here < handler_stack + sizeof handler_stack && info->code == 1 ? 42
                                                                                                       : 1);
    };
    CHECK_EQ(run_in_child([=] {
                 handle(SIGSEGV, out_of_stack, SA_ONSTACK);
                 fall(0);
             }),
             exited(42));
    CHECK_EQ(run_in_child([=] {
                 handle(SIGSEGV, out_of_stack);
                 fall(0);
             }) & 0x7f,
             SIGSEGV);
}

/// Makes a handler change its context by `change`, and returns what becomes of the program.
template <class F>
int with_context(F change) {
    static F chosen = change;
    chosen = change;
    return run_in_child([] {
        handle(SIGUSR1, [](int, SignalInfo*, SignalContext* context) { chosen(context); });
        kill(getpid(), SIGUSR1);
        uint64_t flags, code;
        asm volatile("pushfq; pop %0; mov %%cs, %1" : "=r"(flags), "=r"(code));
        // IOPL 0 and interrupts on, whatever the handler wished; AC and ID are the program's own.
        if ((flags & 0x3200) != 0x200 || (code & 3) != 3) exit(2);
    });
}

void returns_are_not_believed() {
    using Context = SignalContext*;
    CHECK_EQ(with_context([](Context context) { context->rflags |= 0x3000; }), 0);
    CHECK_EQ(with_context([](Context context) { context->rflags &= ~uint64_t{0x200}; }), 0);
    CHECK_EQ(with_context([](Context context) { context->rflags = ~uint64_t{0x100}; }), 0);
    // Linux ends a program that wishes for these; this kernel does not heed them.
    int status = with_context([](Context context) { context->cs = context->ss = 8; });
    CHECK(status == 0 || (status & 0x7f) == SIGSEGV);
    status = with_context([](Context context) { context->mxcsr(0xffffffff); });
    CHECK(status == 0 || (status & 0x7f) == SIGSEGV);
    const int segv = SIGSEGV;
    CHECK_EQ(with_context([](Context context) { context->rip = 0x8000'0000'0000; }) & 0x7f, segv);
    CHECK_EQ(with_context([](Context context) { context->rip = 0xffff'8000'0000'0000; }) & 0x7f, segv);
    CHECK_EQ(with_context([](Context context) { context->rip = 0xffff'ffff'8010'0000; }) & 0x7f, segv);
    CHECK_EQ(with_context([](Context context) { context->rip = 0; }) & 0x7f, segv);
    CHECK_EQ(with_context([](Context context) { context->fpu = 0xffff'8000'0000'0000; }) & 0x7f, segv);
    // A call out of nowhere, with a stack that holds nothing of the kind, or that is none.
    for (const uint64_t rsp : {uint64_t{0}, uint64_t{8}, uint64_t{0x8000'0000'0000}, ~uint64_t{7},
                               uint64_t{0xffff'8000'0000'0000}})
        CHECK_EQ(run_in_child([rsp] {
                     asm volatile("mov %0, %%rsp; mov $15, %%eax; syscall; ud2" ::"r"(rsp));
                 }) & 0x7f,
                 SIGSEGV);
    // A handler without a place to return to, and one on a stack that is none.
    CHECK_EQ(run_in_child([] {
                 handle(SIGUSR1, count);
                 asm volatile("mov $8, %%esp; syscall; ud2" ::"a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1));
             }) & 0x7f,
             SIGSEGV);
    for (const uint64_t handler :
         {uint64_t{0x10}, uint64_t{0x8000'0000'0000}, uint64_t{0xffff'ffff'8010'0000}})
        CHECK_EQ(run_in_child([handler] {
                     const SignalAction action{handler, SA_RESTORER,
                                               reinterpret_cast<uint64_t>(signal_restorer), 0};
                     syscall(SYS_rt_sigaction, SIGUSR1, &action, 0, 8);
                     kill(getpid(), SIGUSR1);
                 }) & 0x7f,
                 SIGSEGV);
}

void vfork_borrows() {
    static volatile int written = 0;
    const long pid = start_vfork_child([] {
        sleep_milliseconds(30);
        written = 1;
    });
    CHECK(pid > 0);
    CHECK_EQ(written, 1);
    CHECK_EQ(wait_for(pid), 0);
}

/// A signal to the group while one of it forks: the child gets it too, or its memory shows what the parent's
/// handler did. Only where there are several processors can the signal come in the midst of the call.
void forks_let_no_signal_by() {
    CHECK_EQ(run_in_child([] {
                 setpgid(0, 0);
                 handle(SIGUSR1, count, SA_RESTART);
                 for (int round = 0; round < 200; ++round) {
                     calls = 0;
                     const long sender = fork();
                     if (sender == 0) {
                         for (int i = 0; i < round * 100; ++i) asm volatile("pause");
                         kill(0, SIGUSR1);
                         exit(0);
                     }
                     sched_yield();
                     const long child = fork();
                     if (child == 0) {
                         for (int waited = 0; calls == 0 && waited < 1000; ++waited) sleep_milliseconds(2);
                         exit(calls == 0 ? 1 : 0);
                     }
                     if (wait_for(sender) != 0 || wait_for(child) != 0) exit(1);
                 }
             }),
             0);
}

}  // namespace

int main(int, char**) {
    test_name = "signals";
    handlers_run();
    registers_survive();
    faults_tell_where();
    masks_hold_back();
    handlers_nest();
    waits_are_cut_short();
    suspend_waits();
    parents_hear_of_children();
    another_stack();
    returns_are_not_believed();
    vfork_borrows();
    forks_let_no_signal_by();
    return passed();
}
