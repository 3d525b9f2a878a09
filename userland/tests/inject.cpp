/// @file
/// inject [forever]: two processes that go through all ways into the kernel and out of it, with a pattern in
/// every register, their own FS and GS base and a pattern in memory, and check all of it after each way. Now
/// and then both sleep, so that the kernel idles. They only count what they find: a test that interrupts them
/// reads the counters from outside, at inject_checked().
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/bases.h>
#include <userland/tests/registers.h>

extern "C" {
/// Rounds that found all as it should be, and checks that did not. Each process has its own.
[[gnu::used]] uint64_t inject_good, inject_bad;
/// The line of the first failed check.
[[gnu::used]] uint64_t inject_bad_line;
/// What a base points to: its own address.
[[gnu::used]] uint64_t inject_fs_word, inject_gs_word;
/// Counted down in ring 3 with the pattern in the registers.
[[gnu::used]] uint64_t spin_left;

/// Called after each round.
void inject_checked();
/// Called by the first process after each cycle of rounds, in which it has gone through all there is.
void inject_cycle();
/// Loads the registers of probe_in, counts spin_left down to 0, and stores the registers in probe_out.
void spin_probe();
/// Sets TF: the trap comes after the next instruction.
void trap_self();
}

asm(R"(
    .text
    .globl spin_probe, trap_self
    .type spin_probe, @function
spin_probe:
    LOAD_REGISTERS
1:  decq spin_left
    jnz 1b
    STORE_REGISTERS
    ret
    .size spin_probe, . - spin_probe

    .type trap_self, @function
trap_self:
    pushfq
    orq $0x100, (%rsp)
    popfq
    nop
    ret
    .size trap_self, . - trap_self

    # On a page of their own: QEMU runs a page with a breakpoint instruction by instruction.
    .balign 4096
    .globl inject_checked, inject_cycle
    .type inject_checked, @function
inject_checked:
    ret
    .size inject_checked, . - inject_checked
    .type inject_cycle, @function
inject_cycle:
    ret
    .size inject_cycle, . - inject_cycle
    .balign 4096
)");

namespace {

constexpr int kRounds = 300;
/// Every so many rounds both sleep, and the first process makes children that die.
constexpr int kCycle = 8;
constexpr uint64_t kSpins = 300;
constexpr uint64_t kPage = 4096;
/// RFLAGS.RF, which the tests from outside may set on a way out of a system call.
constexpr uint64_t kRf = 1 << 16;

uint64_t memory[1024];

void expect(bool holds, int line) {
    if (holds) return;
    if (inject_bad++ == 0) inject_bad_line = static_cast<uint64_t>(line);
}
#define EXPECT(condition) expect((condition), __LINE__)

bool same_registers(const Registers& expected) {
    return memcmp(&expected, &probe_out, sizeof expected) == 0;
}

void check_call(long number, long result, uint64_t seed) {
    fill_pattern(probe_in, seed);
    probe_in.rax = static_cast<uint64_t>(number);
    syscall_probe();
    Registers expected = probe_in;
    expected.rax = static_cast<uint64_t>(result);
    expected.rcx = reinterpret_cast<uint64_t>(probe_return);
    expected.r11 = probe_in.rflags;
    probe_out.r11 &= ~kRf;
    EXPECT(same_registers(expected));
}

/// Ring 3 without a system call, long enough to be interrupted now and then.
void check_spin(uint64_t seed) {
    fill_pattern(probe_in, seed);
    spin_left = kSpins;
    spin_probe();
    Registers expected = probe_in;
    // The loop itself changes these.
    expected.rflags = (probe_in.rflags & ~RFLAGS_STATUS) | (probe_out.rflags & RFLAGS_STATUS);
    EXPECT(same_registers(expected));
}

/// Page faults: of the program, of the kernel on its behalf, and one that can't be mended.
void check_faults() {
    const long pages = mmap_anonymous(2 * kPage, PROT_READ | PROT_WRITE);
    EXPECT(pages > 0);
    auto* touched = reinterpret_cast<volatile uint64_t*>(pages);
    touched[0] = 0x1234;
    auto* time = reinterpret_cast<Timespec*>(pages + static_cast<long>(kPage));
    EXPECT(clock_gettime(CLOCK_MONOTONIC, time) == 0);
    EXPECT(touched[0] == 0x1234 && time->nanoseconds < 1'000'000'000);
    EXPECT(clock_gettime(CLOCK_MONOTONIC, reinterpret_cast<Timespec*>(8)) == -EFAULT);
    EXPECT(munmap(static_cast<uint64_t>(pages), 2 * kPage) == 0);
}

void set_bases() {
    inject_fs_word = reinterpret_cast<uint64_t>(&inject_fs_word);
    inject_gs_word = reinterpret_cast<uint64_t>(&inject_gs_word);
    CHECK_EQ(arch_prctl(ARCH_SET_FS, inject_fs_word), 0);
    CHECK_EQ(arch_prctl(ARCH_SET_GS, inject_gs_word), 0);
}

void fill_memory(uint64_t seed) {
    for (uint64_t i = 0; i < 1024; ++i) memory[i] = seed * 0x10001 + i;
}

void check_round(uint64_t seed) {
    check_call(SYS_sched_yield, 0, seed);
    check_call(999, -ENOSYS, seed + 1);
    check_spin(seed + 2);
    check_faults();
    EXPECT(word_at_fs() == inject_fs_word);
    EXPECT(word_at_gs() == inject_gs_word);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < 1024; ++i) wrong += memory[i] != (seed >> 32) * 0x10001 + i;
    EXPECT(wrong == 0);
}

/// Children that die on their way out of an exception and of a system call, and one that becomes another
/// program.
void check_children() {
    const int trapped = run_in_child(trap_self);
    EXPECT(trapped == SIGTRAP);
    const int killed = run_in_child([] { kill(getpid(), SIGTERM); });
    EXPECT(killed == SIGTERM);
    const int replaced = run_in_child([] {
        char name[] = "true";
        char* const arguments[] = {name, nullptr};
        execve("/bin/true", arguments, environ);
    });
    EXPECT(replaced == exited(0));
}

/// One end of a pipe each way between the processes.
struct Peer {
    int in, out;

    void send() const { EXPECT(write(out, "x", 1) == 1); }
    void receive() const {
        char byte;
        EXPECT(read(in, &byte, 1) == 1);
    }
};

/// The first process sleeps while the second waits for it: nobody is left to run.
void sleep_together(bool first, const Peer& peer) {
    if (first) {
        peer.receive();
        sleep_milliseconds(2);
        peer.send();
    } else {
        peer.send();
        peer.receive();
    }
}

void run(uint64_t seed, bool first, const Peer& peer, bool forever) {
    fill_memory(seed);
    for (uint64_t i = 0; forever || i < kRounds; ++i) {
        check_round(seed << 32 | (i & 0xffff));
        const bool cycle = i % kCycle == 0;
        if (cycle) sleep_together(first, peer);
        if (cycle && first) check_children();
        ++inject_good;
        inject_checked();
        if (cycle && first) inject_cycle();
    }
    if (inject_bad > 0) fail("%lu bad, the first in line %lu", inject_bad, inject_bad_line);
}

}  // namespace

int main(int argc, char** argv) {
    test_name = "inject";
    const bool forever = argc > 1 && same(argv[1], "forever");
    set_bases();
    int to_first[2], to_second[2];
    CHECK_EQ(pipe(to_first), 0);
    CHECK_EQ(pipe(to_second), 0);
    const long child = start_child([&] { run(1, false, {to_second[0], to_first[1]}, forever); });
    run(2, true, {to_first[0], to_second[1]}, forever);
    CHECK_EQ(wait_for(child), exited(0));
    return passed();
}
