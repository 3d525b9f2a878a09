/// @file
/// bases: the FS and GS bases are the process's own. They survive system calls, interrupts and switches, a
/// fork inherits them, an exec resets them, and no value that a program gives its GS harms the kernel.
#include <initializer_list>

#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/bases.h>
#include <userland/tests/check.h>

namespace {

constexpr int kSwitches = 10'000;
constexpr uint64_t kCanonicalEdge = 1ul << 47;
constexpr uint64_t kKernelAddress = 0xffffffff80000000;

/// Words for the bases to point to.
uint64_t words[4] = {0x1111, 0x2222, 0x3333, 0x4444};

uint64_t address_of(const uint64_t& word) {
    return reinterpret_cast<uint64_t>(&word);
}

uint64_t get(long command) {
    uint64_t base = 0x5a5a;
    CHECK_EQ(arch_prctl(command, address_of(base)), 0);
    return base;
}

void set_both(const uint64_t& fs_word, const uint64_t& gs_word) {
    CHECK_EQ(arch_prctl(ARCH_SET_FS, address_of(fs_word)), 0);
    CHECK_EQ(arch_prctl(ARCH_SET_GS, address_of(gs_word)), 0);
}

void check_both(const uint64_t& fs_word, const uint64_t& gs_word) {
    CHECK(word_at_fs() == fs_word);
    CHECK(word_at_gs() == gs_word);
    CHECK(get(ARCH_GET_FS) == address_of(fs_word));
    CHECK(get(ARCH_GET_GS) == address_of(gs_word));
}

void check_arch_prctl() {
    CHECK(get(ARCH_GET_FS) == 0);
    CHECK(get(ARCH_GET_GS) == 0);
    set_both(words[0], words[1]);
    check_both(words[0], words[1]);
    for (const uint64_t bad : {kCanonicalEdge, kCanonicalEdge - 4096, kKernelAddress, ~0ul, 1ul << 63,
                               0xffff800000000000ul, 0x123456789abcdef0ul}) {
        CHECK_EQ(arch_prctl(ARCH_SET_FS, bad), -EPERM);
        CHECK_EQ(arch_prctl(ARCH_SET_GS, bad), -EPERM);
    }
    CHECK_EQ(arch_prctl(ARCH_GET_FS, kKernelAddress), -EFAULT);
    CHECK_EQ(arch_prctl(ARCH_GET_GS, 8), -EFAULT);
    CHECK_EQ(arch_prctl(0x1000, 0), -EINVAL);
    check_both(words[0], words[1]);
}

void check_fork() {
    set_both(words[0], words[1]);
    const int status = run_in_child([] {
        check_both(words[0], words[1]);
        set_both(words[2], words[3]);
        check_both(words[2], words[3]);
    });
    CHECK_EQ(status, exited(0));
    check_both(words[0], words[1]);
}

void check_exec() {
    set_both(words[0], words[1]);
    const int status = run_in_child([] {
        char name[] = "bases", reset[] = "reset";
        char* const arguments[] = {name, reset, nullptr};
        execve("/tests/bases", arguments, environ);
        fail("execve");
    });
    CHECK_EQ(status, exited(0));
    check_both(words[0], words[1]);
}

/// Two processes with bases of their own yield to each other.
void check_switches() {
    const auto yield_all = [](const uint64_t& fs_word, const uint64_t& gs_word) {
        set_both(fs_word, gs_word);
        for (int i = 0; i < kSwitches; ++i) {
            CHECK_EQ(sched_yield(), 0);
            CHECK(word_at_fs() == fs_word);
            CHECK(word_at_gs() == gs_word);
        }
        check_both(fs_word, gs_word);
    };
    const long child = start_child([&] { yield_all(words[2], words[3]); });
    yield_all(words[0], words[1]);
    CHECK_EQ(wait_for(child), exited(0));
}

/// A new value of the bases lasts over a system call, an interrupt and a switch, and is what arch_prctl()
/// reports. Several of the values would be the kernel's undoing if it ever took them for its own.
void check_instructions(uint64_t base) {
    write_fs_base(~base >> 17);
    write_gs_base(base);
    const auto check = [&] {
        CHECK(read_fs_base() == ~base >> 17);
        CHECK(read_gs_base() == base);
    };
    check();
    CHECK(getpid() > 0);
    check();
    CHECK_EQ(sched_yield(), 0);
    check();
    sleep_milliseconds(1);
    check();
    // Long enough for some ticks of the timer.
    Timespec now;
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    const int64_t end = now.seconds * 1'000'000'000 + now.nanoseconds + 3'000'000;
    do {
        for (int i = 0; i < 1000; ++i) check();
        CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    } while (now.seconds * 1'000'000'000 + now.nanoseconds < end);
    CHECK(get(ARCH_GET_FS) == ~base >> 17);
    CHECK(get(ARCH_GET_GS) == base);
    // A page fault, and a system call that faults on a bad pointer.
    const long page = mmap_anonymous(4096, PROT_READ | PROT_WRITE);
    CHECK(page > 0);
    *reinterpret_cast<volatile char*>(page) = 1;
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, reinterpret_cast<Timespec*>(8)), -EFAULT);
    CHECK_EQ(munmap(static_cast<uint64_t>(page), 4096), 0);
    CHECK_EQ(run_in_child(check), exited(0));
    check();
}

/// A null selector, and one of the data segment, whose base is 0.
void check_selectors() {
    for (const uint16_t selector : {0, 0x2b}) {
        asm volatile("mov %0, %%gs" ::"r"(selector));
        CHECK(getpid() > 0);
        CHECK_EQ(sched_yield(), 0);
    }
    asm volatile("mov %0, %%gs" ::"r"(uint16_t{0}));
    set_both(words[0], words[1]);
    check_both(words[0], words[1]);
}

}  // namespace

int main(int argc, char** argv) {
    test_name = "bases";
    if (argc > 1 && same(argv[1], "reset")) return get(ARCH_GET_FS) == 0 && get(ARCH_GET_GS) == 0 ? 0 : 1;
    check_arch_prctl();
    check_fork();
    check_exec();
    check_switches();
    if (has_fsgsbase())
        for (const uint64_t base :
             {0ul, 0x1000ul, kCanonicalEdge - 1, kKernelAddress, 0xffff800000000000ul, ~0ul})
            check_instructions(base);
    check_selectors();
    return passed();
}
