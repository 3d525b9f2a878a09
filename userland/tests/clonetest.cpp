/// @file
/// clonetest: processes that share their memory, and nothing else: what one writes, maps or takes away counts
/// for all; descriptors, registers, and life and death are each one's own.
#include <initializer_list>

#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/bases.h>
#include <userland/tests/check.h>
#include <userland/tests/registers.h>

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kStackSize = 16 * kPage;
constexpr int kThreads = 8;
constexpr long kAdditions = 2000;

alignas(16) char stacks[kThreads][kStackSize];

/// A child that shares our memory and runs body(argument) on stack `number`.
long start_sharing(void (*body)(void*), void* argument, int number = 0) {
    const long pid = clone(CLONE_VM | SIGCHLD, stacks[number] + kStackSize, body, argument);
    CHECK(pid > 0);
    return pid;
}
int run_sharing(void (*body)(void*), void* argument) {
    return wait_for(start_sharing(body, argument));
}

void check_arguments() {
    int ran = 0;
    const auto body = [](void* flag) { *static_cast<int*>(flag) = 1; };
    char* const stack = stacks[0] + kStackSize;
    // Other signals, and what else Linux knows: shared files, threads, ids, name spaces.
    for (const unsigned long flags : {9ul, 0xfful, 0x11ul | 0x400, 0x200ul, 0x800ul, 0x8000ul, 0x10000ul,
                                      0x100000ul, 0x20000000ul, 1ul << 32, 1ul << 63})
        CHECK_EQ(clone(flags | CLONE_VM, stack, body, &ran), -EINVAL);
    for (const uint64_t base : {0x7ffffffff000ul, 1ul << 47, 0xffff800000000000ul, ~0ul})
        CHECK_EQ(clone(CLONE_VM | CLONE_SETTLS | SIGCHLD, stack, body, &ran, base), -EPERM);
    CHECK_EQ(wait4(-1, nullptr), -ECHILD);
    CHECK_EQ(ran, 0);
    // A child that tells nobody of its death can be waited for like any other.
    CHECK_EQ(wait_for(clone(CLONE_VM, stack, body, &ran)), exited(0));
    CHECK_EQ(ran, 1);
}

/// Without CLONE_VM it is fork(2), on the same stack or on another one.
void check_copy() {
    volatile int value = 1;
    const long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        value = 2;
        exit(value);
    }
    CHECK_EQ(wait_for(pid), exited(2));
    CHECK_EQ(value, 1);

    static int copied;
    const long other = clone(
        SIGCHLD, stacks[0] + kStackSize, [](void*) { copied = 1; }, nullptr);
    CHECK_EQ(wait_for(other), exited(0));
    CHECK_EQ(copied, 0);
}

/// CLONE_CHILD_SETTID writes the child's pid, for the child alone, and only where a program may write.
void check_child_tid() {
    static int own = 7;
    static const int read_only = 7;
    for (const volatile int* place : {const_cast<const int*>(&own), &read_only}) {
        const long pid =
            syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, 0, reinterpret_cast<uint64_t>(place), 0);
        if (pid == 0) exit(*place == (place == &own ? getpid() : 7) ? 0 : 1);
        CHECK_EQ(wait_for(pid), exited(0));
        CHECK_EQ(*place, 7);
    }
}

/// The child has all registers of the parent but RAX, RSP and what SYSCALL itself takes.
void check_child_registers() {
    constexpr uint64_t kStack = 0x123456789abcdef0;
    fill_pattern(probe_in, 3);
    probe_in.rax = SYS_clone;
    probe_in.rdi = SIGCHLD;
    probe_in.rsi = kStack;
    syscall_probe();
    if (probe_out.rax == 0) {
        CHECK(probe_out.rsp == kStack);
        probe_out.rsp = probe_in.rsp;
    }
    check_registers("clone");
    if (probe_out.rax == 0) exit(0);
    CHECK_EQ(wait_for(static_cast<long>(probe_out.rax)), exited(0));
}

struct Meeting {
    long pid = 0;
    long parent = 0;
    uint64_t stack = 0;
    char page[2 * kPage] = {};
};

void check_sharing() {
    static Meeting meeting;
    meeting.page[0] = 1;
    const long pid = start_sharing(
        [](void* argument) {
            CHECK_EQ(reinterpret_cast<long>(argument), 1234567890123);
            meeting.pid = getpid();
            meeting.parent = getppid();
            meeting.stack = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
            CHECK_EQ(meeting.page[0], 1);
            meeting.page[kPage] = 2;  // a page that only the child has touched
            exit(5);
        },
        reinterpret_cast<void*>(1234567890123));
    CHECK_EQ(wait_for(pid), exited(5));
    CHECK_EQ(meeting.pid, pid);
    CHECK_EQ(meeting.parent, getpid());
    CHECK_EQ(meeting.page[kPage], 2);
    const auto stack = reinterpret_cast<uint64_t>(stacks[0]);
    CHECK(meeting.stack > stack && meeting.stack < stack + kStackSize);
}

long total = 0;

/// Atomic additions of all at once, some of them forced apart by yields.
void check_many() {
    long pids[kThreads];
    for (int i = 0; i < kThreads; ++i) {
        pids[i] = start_sharing(
            [](void*) {
                for (long j = 0; j < kAdditions; ++j) {
                    __atomic_fetch_add(&total, 1, __ATOMIC_RELAXED);
                    if (j % 16 == 0) sched_yield();
                }
            },
            nullptr, i);
    }
    for (const long pid : pids) CHECK_EQ(wait_for(pid), exited(0));
    CHECK_EQ(total, kThreads * kAdditions);
}

/// Descriptors are copied: what one closes or opens is no business of the other's.
void check_files() {
    static int ends[2];
    CHECK_EQ(pipe(ends), 0);
    const int status = run_sharing(
        [](void*) {
            write(ends[1], "x", 1);
            close(ends[0]);
            close(ends[1]);
            CHECK_EQ(dup2(1, 20), 20);
        },
        nullptr);
    CHECK_EQ(status, exited(0));
    char c = 0;
    CHECK_EQ(read(ends[0], &c, 1), 1);
    CHECK_EQ(c, 'x');
    CHECK_EQ(fcntl(20, F_GETFD), -EBADF);
    close(ends[1]);
    CHECK_EQ(read(ends[0], &c, 1), 0);
    close(ends[0]);
}

long mapped = 0;

/// What the child maps, protects, unmaps or moves, the parent sees, and the other way round.
void check_memory() {
    const long start = brk(0);
    CHECK_EQ(run_sharing(
                 [](void*) {
                     mapped = mmap_anonymous(2 * kPage, PROT_READ | PROT_WRITE);
                     CHECK(mapped > 0);
                     memset(reinterpret_cast<void*>(mapped), 7, 2 * kPage);
                     const long end = brk(0) + static_cast<long>(kPage);
                     CHECK_EQ(brk(static_cast<uint64_t>(end)), end);
                 },
                 nullptr),
             exited(0));
    auto* const memory = reinterpret_cast<volatile char*>(mapped);
    CHECK_EQ(memory[2 * kPage - 1], 7);
    memory[0] = 8;
    CHECK_EQ(brk(0), start + static_cast<long>(kPage));
    *reinterpret_cast<volatile char*>(start + static_cast<long>(kPage) - 1) = 1;
    CHECK_EQ(brk(static_cast<uint64_t>(start)), start);

    const auto read_it = [](void*) { (void)*reinterpret_cast<volatile char*>(mapped); };
    const auto write_it = [](void*) { *reinterpret_cast<volatile char*>(mapped) = 9; };
    const auto address = static_cast<uint64_t>(mapped);
    CHECK_EQ(mprotect(address, kPage, PROT_READ), 0);
    CHECK_EQ(run_sharing(write_it, nullptr), SIGSEGV);
    CHECK_EQ(memory[0], 8);
    CHECK_EQ(mprotect(address, kPage, PROT_READ | PROT_WRITE), 0);
    CHECK_EQ(run_sharing(write_it, nullptr), exited(0));
    CHECK_EQ(memory[0], 9);
    CHECK_EQ(mmap_at(address, kPage, PROT_READ | PROT_WRITE), mapped);
    CHECK_EQ(memory[0], 0);
    CHECK_EQ(memory[kPage], 7);
    CHECK_EQ(munmap(address, 2 * kPage), 0);
    CHECK_EQ(run_sharing(read_it, nullptr), SIGSEGV);
}

/// A copy made by one that shares is a copy of its own, and a write that has to copy a page first reaches
/// all who share it.
void check_fork_of_sharing() {
    static volatile int value = 1;
    static volatile bool written = false;
    CHECK_EQ(run_in_child([] {
                 // The page is the parent's and ours until somebody writes.
                 const long pid = start_sharing(
                     [](void*) {
                         value = 2;
                         written = true;
                         while (value != 3) sched_yield();
                     },
                     nullptr);
                 while (!written) sched_yield();
                 CHECK_EQ(value, 2);
                 CHECK_EQ(run_in_child([] { value = 9; }), exited(0));
                 CHECK_EQ(value, 2);
                 value = 3;
                 CHECK_EQ(wait_for(pid), exited(0));
             }),
             exited(0));
    CHECK_EQ(value, 1);
}

/// exec(2) leaves the memory to those who share it; so do exits and deaths.
void check_ends() {
    static volatile int value = 1;
    CHECK_EQ(run_sharing(
                 [](void*) {
                     char name[] = "/bin/sh", option[] = "-c", command[] = "exit 42";
                     char* const arguments[] = {name, option, command, nullptr};
                     execve(name, arguments, environ);
                 },
                 nullptr),
             exited(42));
    CHECK_EQ(value, 1);
    CHECK_EQ(run_sharing([](void*) { asm volatile("movb $1, 8"); }, nullptr), SIGSEGV);
    const long pid = start_sharing(
        [](void*) {
            for (;;) sched_yield();
        },
        nullptr);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(wait_for(pid), SIGKILL);

    // One that outlives its parent keeps the memory; init inherits the child.
    static int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(run_in_child([] {
                 value = 2;
                 start_sharing(
                     [](void* argument) {
                         const long first = reinterpret_cast<long>(argument);
                         close(ends[0]);
                         for (int tries = 0; getppid() == first && tries < 2000; ++tries)
                             sleep_milliseconds(1);
                         CHECK(getppid() != first);
                         CHECK_EQ(value, 2);
                         write(ends[1], "lives", 5);
                     },
                     reinterpret_cast<void*>(getpid()));
             }),
             exited(0));
    close(ends[1]);
    char text[8];
    CHECK_EQ(read(ends[0], text, sizeof text), 5);
    CHECK_EQ(read(ends[0], text, sizeof text), 0);
    close(ends[0]);
}

/// Each one's FS base is its own from the start.
void check_bases() {
    static uint64_t words[kThreads];
    arch_prctl(ARCH_SET_FS, reinterpret_cast<uint64_t>(&total));
    long pids[kThreads];
    for (int i = 0; i < kThreads; ++i) {
        words[i] = 0x1111111111111111 * static_cast<uint64_t>(i + 1);
        pids[i] = clone(
            CLONE_VM | CLONE_SETTLS | SIGCHLD, stacks[i] + kStackSize,
            [](void* word) {
                for (int round = 0; round < 200; ++round) {
                    CHECK(word_at_fs() == *static_cast<uint64_t*>(word));
                    sched_yield();
                }
            },
            &words[i], reinterpret_cast<uint64_t>(&words[i]));
    }
    for (const long pid : pids) CHECK_EQ(wait_for(pid), exited(0));
    CHECK(word_at_fs() == static_cast<uint64_t>(total));
}

}  // namespace

int main(int, char**) {
    test_name = "clonetest";
    check_arguments();
    check_copy();
    check_child_tid();
    check_child_registers();
    check_sharing();
    check_many();
    check_files();
    check_memory();
    check_fork_of_sharing();
    check_ends();
    check_bases();
    return passed();
}
