/// @file
/// regs [flags]: makes every system call with a pattern in every register and checks that only RAX, RCX and
/// R11 change, and these as the ABI says; that fork() gives the child the same registers; and that unknown
/// numbers give ENOSYS. With "flags", RFLAGS also holds DF, NT and AC.
#include <initializer_list>

#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/registers.h>

namespace {

constexpr long kNull = 0;
constexpr long kHere = AT_FDCWD;

/// A call that does no harm: it asks for something, or fails.
struct Call {
    const char* name;
    long number;
    size_t argument_count;
    long arguments[6];
};

constexpr Timespec kMillisecond{0, 1'000'000};

const Call kCalls[] = {
    {"read", 0, 3, {-1, kNull, 1}},
    {"write", 1, 3, {-1, kNull, 1}},
    {"open", 2, 3, {kNull, 0, 0}},
    {"close", 3, 1, {-1}},
    {"stat", 4, 2, {kNull, kNull}},
    {"fstat", 5, 2, {-1, kNull}},
    {"poll", 7, 3, {kNull, 0, 0}},
    {"lseek", 8, 3, {-1, 0, 0}},
    {"mmap", 9, 6, {kNull, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
    {"mprotect", 10, 3, {1, 0, 0}},
    {"munmap", 11, 2, {1, 1}},
    {"brk", 12, 1, {0}},
    {"rt_sigaction", 13, 4, {0, kNull, kNull, 8}},
    {"rt_sigprocmask", 14, 4, {0, kNull, kNull, 8}},
    {"ioctl", 16, 3, {-1, 0, 0}},
    {"pipe", 22, 1, {kNull}},
    {"sched_yield", 24, 0, {}},
    {"dup", 32, 1, {-1}},
    {"dup2", 33, 2, {-1, -1}},
    {"nanosleep", 35, 2, {kNull, kNull}},
    {"nanosleep for a millisecond", 35, 2, {reinterpret_cast<long>(&kMillisecond), kNull}},
    {"getpid", 39, 0, {}},
    {"wait4", 61, 4, {-1, kNull, WNOHANG, kNull}},
    {"uname", 63, 1, {kNull}},
    {"fcntl", 72, 3, {-1, F_GETFD, 0}},
    {"ftruncate", 77, 2, {-1, 0}},
    {"getcwd", 79, 2, {kNull, 0}},
    {"chdir", 80, 1, {kNull}},
    {"mkdir", 83, 2, {kNull, 0}},
    {"rmdir", 84, 1, {kNull}},
    {"unlink", 87, 1, {kNull}},
    {"rename", 82, 2, {kNull, kNull}},
    {"readlink", 89, 3, {kNull, kNull, 0}},
    {"chmod", 90, 2, {kNull, 0}},
    {"umask", 95, 1, {022}},
    {"gettimeofday", 96, 2, {kNull, kNull}},
    {"sysinfo", 99, 1, {kNull}},
    {"setpgid", 109, 2, {-1, 0}},
    {"getppid", 110, 0, {}},
    {"getpgrp", 111, 0, {}},
    {"getpgid", 121, 1, {0}},
    {"getgroups", 115, 2, {0, kNull}},
    {"rt_sigpending", 127, 2, {kNull, 8}},
    {"rt_sigsuspend", 130, 2, {kNull, 8}},
    {"sigaltstack", 131, 2, {kNull, kNull}},
    {"arch_prctl", 158, 2, {0, 0}},
    {"getdents64", 217, 3, {-1, kNull, 0}},
    {"clock_gettime", 228, 2, {-1, kNull}},
    {"clock_nanosleep", 230, 4, {0, 0, kNull, kNull}},
    {"tgkill", 234, 3, {-1, -1, 0}},
    {"openat", 257, 4, {kHere, kNull, 0, 0}},
    {"mkdirat", 258, 3, {kHere, kNull, 0}},
    {"newfstatat", 262, 4, {kHere, kNull, kNull, 0}},
    {"unlinkat", 263, 3, {kHere, kNull, 0}},
    {"renameat", 264, 4, {kHere, kNull, kHere, kNull}},
    {"readlinkat", 267, 4, {kHere, kNull, kNull, 0}},
    {"fchmodat", 268, 3, {kHere, kNull, 0}},
    {"utimensat", 280, 4, {kHere, kNull, kNull, 0}},
    {"dup3", 292, 3, {-1, -1, 0}},
    {"pipe2", 293, 2, {kNull, 0}},
    {"getrandom", 318, 3, {kNull, 1, 0}},
};

uint64_t extra_flags = 0;

/// Makes one call with the registers of pattern `seed`. Returns its result.
long probe(const char* name, uint64_t number, const long* arguments, size_t count, uint64_t seed) {
    fill_pattern(probe_in, seed);
    probe_in.rflags |= extra_flags;
    probe_in.rax = number;
    uint64_t* const argument_registers[6] = {&probe_in.rdi, &probe_in.rsi, &probe_in.rdx,
                                             &probe_in.r10, &probe_in.r8,  &probe_in.r9};
    for (size_t i = 0; i < count; ++i) *argument_registers[i] = static_cast<uint64_t>(arguments[i]);
    syscall_probe();
    check_registers(name);
    return static_cast<long>(probe_out.rax);
}

void check_calls() {
    for (uint64_t seed = 0; seed < 4; ++seed)
        for (const Call& call : kCalls)
            probe(call.name, static_cast<uint64_t>(call.number), call.arguments, call.argument_count, seed);
    const long self[2] = {getpid(), 0};
    CHECK_EQ(probe("kill", SYS_kill, self, 2, 1), 0);
}

void check_fork() {
    const long pid = probe("fork", SYS_fork, nullptr, 0, 5);
    if (pid == 0) exit(0);  // the child has checked its registers too
    CHECK(pid > 0);
    CHECK_EQ(wait_for(pid), exited(0));
}

/// Linux takes the number from EAX alone.
void check_numbers() {
    for (const uint64_t number : {0xffffffffUL, ~0UL, 0x40000000UL, 0x80000000UL, 0x7fffffffUL, 1000UL,
                                  4096UL, 0xffffffff00000000UL + 1000})
        CHECK_EQ(probe("unknown number", number, nullptr, 0, number), -ENOSYS);
    CHECK_EQ(probe("getpid with high bits", 1UL << 32 | SYS_getpid, nullptr, 0, 1), getpid());
    CHECK_EQ(probe("getpid with all high bits", 0xffffffff00000000UL | SYS_getpid, nullptr, 0, 2), getpid());
}

/// The kernel enters and returns without a look at the program's stack.
void check_stacks() {
    for (const uint64_t rsp : {0UL, 8UL, 0x1000UL, 0x7ffffffffff8UL, 0x800000000000UL, 0xffff800000001000UL,
                               0xffffffff80100000UL, ~0UL}) {
        fill_pattern(probe_in, rsp);
        probe_in.rflags |= extra_flags;
        probe_in.rax = SYS_getpid;
        probe_in.rsp = rsp;
        syscall_probe();
        check_registers("getpid on another stack");
        CHECK_EQ(static_cast<long>(probe_out.rax), getpid());
    }
}

}  // namespace

int main(int argc, char** argv) {
    test_name = "regs";
    if (argc > 1 && same(argv[1], "flags")) extra_flags = RFLAGS_DF | RFLAGS_NT | RFLAGS_AC;
    check_calls();
    check_numbers();
    check_stacks();
    check_fork();
    return passed();
}
