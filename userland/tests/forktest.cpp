/// @file
/// forktest: processes are made, keep to themselves, end with the right status and leave nothing behind.
#include <initializer_list>

#include <userland/lib/io.h>
#include <userland/lib/program.h>
#include <userland/tests/check.h>

namespace {

constexpr size_t kPage = 4096;
constexpr int kChildren = 24;
constexpr int kGenerations = 100;

void check_statuses() {
    for (const int code : {0, 1, 42, 255}) CHECK_EQ(run_in_child([=] { exit(code); }), exited(code));
    CHECK_EQ(run_in_child([] { exit(0x1234); }), exited(0x34));
    // A process that dies of a signal or an exception has the signal in the low bits.
    for (const int signal : {SIGKILL, SIGTERM, SIGINT}) {
        const int status = run_in_child([=] {
            set_signal(signal, false);  // whoever started this test may have it ignored
            kill(getpid(), signal);
            exit(99);
        });
        CHECK_EQ(status & 0x7f, signal);
    }
    CHECK_EQ(run_in_child([] { asm volatile("int3"); }) & 0x7f, SIGTRAP);
    CHECK_EQ(run_in_child([] { asm volatile("ud2"); }) & 0x7f, SIGILL);
    CHECK_EQ(run_in_child([] { asm volatile("hlt"); }) & 0x7f, SIGSEGV);
    CHECK_EQ(run_in_child([] { asm volatile("movb $1, 8"); }) & 0x7f, SIGSEGV);
    CHECK_EQ(run_in_child([] {
                 asm volatile("xor %%eax, %%eax; cltd; div %%eax" : : : "eax", "edx", "cc");
             }) & 0x7f,
             SIGFPE);
    // An ignored signal does not kill, but nothing holds off SIGKILL.
    CHECK_EQ(run_in_child([] {
                 set_signal(SIGTERM, true);
                 kill(getpid(), SIGTERM);
                 exit(7);
             }),
             exited(7));
    CHECK(set_signal(SIGKILL, true) < 0);
}

void check_wait() {
    int status = 0;
    CHECK_EQ(wait4(-1, &status), -ECHILD);
    CHECK_EQ(wait4(-1, &status, WNOHANG), -ECHILD);
    CHECK_EQ(wait4(getpid(), &status), -ECHILD);

    int gate[2] = {-1, -1};
    CHECK_EQ(pipe(gate), 0);
    const long child = start_child([&] {
        char c;
        read(gate[0], &c, 1);
        exit(3);
    });
    CHECK_EQ(wait4(-1, &status, WNOHANG), 0);
    CHECK_EQ(wait4(child, &status, WNOHANG), 0);
    CHECK_EQ(wait4(child + 100000, &status, WNOHANG), -ECHILD);
    CHECK_EQ(write(gate[1], "g", 1), 1);
    CHECK_EQ(wait4(child, nullptr), child);
    CHECK_EQ(wait4(child, &status), -ECHILD);
    close(gate[0]);
    close(gate[1]);
}

/// Many at once, waited for in the reverse order, then in any order.
void check_many() {
    long pids[kChildren];
    for (int i = 0; i < kChildren; ++i) pids[i] = start_child([=] { exit(i); });
    for (int i = kChildren - 1; i >= 0; --i) CHECK_EQ(wait_for(pids[i]), exited(i));

    for (int i = 0; i < kChildren; ++i) {
        pids[i] = start_child([=] {
            for (int j = 0; j < i; ++j) sched_yield();
            exit(i);
        });
    }
    for (int left = kChildren; left; --left) {
        int status = 0;
        const long pid = wait4(-1, &status);
        int i = 0;
        while (i < kChildren && pids[i] != pid) ++i;
        CHECK(i < kChildren);
        CHECK_EQ(status, exited(i));
        pids[i] = 0;
    }
    int status = 0;
    CHECK_EQ(wait4(-1, &status), -ECHILD);
}

void check_identity() {
    const long parent = getpid();
    const long group = getpgrp();
    CHECK_EQ(run_in_child([=] {
                 CHECK(getpid() != parent);
                 CHECK_EQ(getppid(), parent);
                 CHECK_EQ(getpgrp(), group);
                 CHECK_EQ(setpgid(0, 0), 0);
                 CHECK_EQ(getpgrp(), getpid());
             }),
             exited(0));
    CHECK_EQ(kill(1000000000, 0), -ESRCH);
    CHECK_EQ(kill(getpid(), 0), 0);
}

/// Each generation has the next one and adds one to its status, all alive at the same time.
int have_descendants(int left) {
    if (left == 0) return 0;
    const int status = run_in_child([=] { exit(have_descendants(left - 1)); });
    return (status >> 8 & 0xff) + 1;
}

/// Each generation ends before the next one, an orphan by then, does its part.
void check_orphans() {
    int ends[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    const long first = getpid();
    const int status = run_in_child([&] {
        for (int i = 0; i < 20; ++i) {
            const long parent = getpid();
            if (fork() != 0) exit(0);
            // The parent is gone or about to go; when it has, another process answers for the orphan.
            for (int tries = 0; getppid() == parent && tries < 2000; ++tries) sleep_milliseconds(1);
            CHECK(getppid() != parent && getppid() != first);
        }
        write_all(ends[1], "orphan", 6);
    });
    CHECK_EQ(status, exited(0));
    close(ends[1]);
    char text[16];
    CHECK_EQ(read(ends[0], text, sizeof text), 6);
    CHECK_EQ(read(ends[0], text, sizeof text), 0);  // the last orphan has ended
    close(ends[0]);
    int none = 0;
    CHECK_EQ(wait4(-1, &none), -ECHILD);  // they were never ours
}

unsigned long in_data = 11;
unsigned long in_bss;

/// Neither side sees what the other writes after the fork, wherever it writes.
void check_isolation() {
    auto* mapped = reinterpret_cast<unsigned long*>(mmap_anonymous(4 * kPage, PROT_READ | PROT_WRITE));
    CHECK(reinterpret_cast<long>(mapped) > 0);
    unsigned long on_stack = 22;
    unsigned long* const places[] = {&in_data, &in_bss, &on_stack, mapped, mapped + 3 * kPage / 8};
    for (unsigned long* place : places) *place = 1000;

    int to_child[2] = {-1, -1};
    int to_parent[2] = {-1, -1};
    CHECK_EQ(pipe(to_child), 0);
    CHECK_EQ(pipe(to_parent), 0);
    char c;
    const long child = start_child([&] {
        for (unsigned long* place : places) *place += 1;  // the child writes first
        write_all(to_parent[1], "1", 1);
        CHECK_EQ(read(to_child[0], &c, 1), 1);  // now the parent has written
        for (unsigned long* place : places) CHECK_EQ(static_cast<long>(*place), 1001);
        // And a grandchild has a third copy.
        CHECK_EQ(run_in_child([&] {
                     for (unsigned long* place : places) *place = 5;
                 }),
                 exited(0));
        for (unsigned long* place : places) CHECK_EQ(static_cast<long>(*place), 1001);
    });
    CHECK_EQ(read(to_parent[0], &c, 1), 1);
    for (unsigned long* place : places) CHECK_EQ(static_cast<long>(*place), 1000);
    for (unsigned long* place : places) *place = 2000;
    write_all(to_child[1], "2", 1);
    CHECK_EQ(wait_for(child), exited(0));
    for (unsigned long* place : places) CHECK_EQ(static_cast<long>(*place), 2000);

    // The kernel, too, must copy before it writes to a shared page on a program's behalf.
    *mapped = 0;
    CHECK_EQ(run_in_child([&] {
                 write_all(to_child[1], "kernel's", 8);
                 CHECK_EQ(read(to_child[0], mapped, 8), 8);
                 CHECK(*mapped != 0);
             }),
             exited(0));
    CHECK_EQ(static_cast<long>(*mapped), 0);
    for (const int fd : {to_child[0], to_child[1], to_parent[0], to_parent[1]}) close(fd);
    CHECK_EQ(munmap(reinterpret_cast<uint64_t>(mapped), 4 * kPage), 0);
}

/// A program started with arguments gets exactly these, and an exec that fails changes nothing.
void check_exec() {
    char name[] = "/bin/sh";
    char option[] = "-c";
    char command[] = "exit 42";
    char* const arguments[] = {name, option, command, nullptr};
    char* const environment[] = {nullptr};
    CHECK_EQ(run_in_child([&] { execve(name, arguments, environment); }), exited(42));
    CHECK_EQ(execve("/nosuch", arguments, environment), -ENOENT);
    CHECK_EQ(execve("/bin", arguments, environment), -EACCES);
}

}  // namespace

int main(int, char**) {
    test_name = "forktest";
    check_statuses();
    check_wait();
    check_many();
    check_identity();
    CHECK_EQ(have_descendants(kGenerations), kGenerations);
    check_orphans();
    check_isolation();
    check_exec();
    return passed();
}
