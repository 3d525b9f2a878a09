/// @file
/// flags: processes with different RFLAGS yield and are preempted, and check that each keeps its own. `flags
/// trap` also sets TF in one of them, which the debug exception ends.
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/check.h>

namespace {

// RFLAGS (Intel SDM 1, 3.4.3).
constexpr uint64_t kFixed = 1 << 1;
constexpr uint64_t kArithmetic = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 11;  // CF PF AF ZF SF OF
constexpr uint64_t kTF = 1 << 8;
constexpr uint64_t kIF = 1 << 9;
constexpr uint64_t kDF = 1 << 10;
constexpr uint64_t kNT = 1 << 14;
constexpr uint64_t kAC = 1 << 18;

/// One process each. Neighbours differ in every flag.
constexpr uint64_t kPatterns[] = {
    0,   kArithmetic | kDF | kNT | kAC, kDF, kArithmetic | kNT | kAC, kNT, kDF | kAC,
    kAC, kArithmetic | kDF | kNT,
};
constexpr int kYields = 12'500;  ///< of each process: 100,000 of all
constexpr int kSpins = 20;
constexpr int kLongSpins = 200;
constexpr long kSpinLength = 2'000'000;

/// sched_yield() with these flags. Returns the flags after it. The compiler never sees them: it expects DF to
/// be clear, and may keep data below RSP.
uint64_t yield_with(uint64_t flags) {
    uint64_t seen = 0;
    long result = SYS_sched_yield;
    asm volatile(
        "lea -128(%%rsp), %%rsp\n\t"
        "push %[flags]\n\t"
        "popfq\n\t"
        "syscall\n\t"
        "pushfq\n\t"
        "popq %[seen]\n\t"
        "push %[fixed]\n\t"
        "popfq\n\t"
        "lea 128(%%rsp), %%rsp"
        : [seen] "=&r"(seen), "+a"(result)
        : [flags] "r"(flags), [fixed] "i"(kFixed)
        : "rcx", "r11", "memory", "cc");
    CHECK_EQ(result, 0);
    return seen;
}

/// The same around a loop that only the timer interrupts. LOOP and LEA leave the flags alone.
uint64_t spin_with(uint64_t flags) {
    uint64_t seen = 0;
    long count = kSpinLength;
    asm volatile(
        "lea -128(%%rsp), %%rsp\n\t"
        "push %[flags]\n\t"
        "popfq\n"
        "1:\tloop 1b\n\t"
        "pushfq\n\t"
        "popq %[seen]\n\t"
        "push %[fixed]\n\t"
        "popfq\n\t"
        "lea 128(%%rsp), %%rsp"
        : [seen] "=&r"(seen), "+c"(count)
        : [flags] "r"(flags), [fixed] "i"(kFixed)
        : "memory", "cc");
    return seen;
}

void keep(uint64_t pattern, int yields, int spins) {
    const uint64_t flags = pattern | kFixed | kIF;
    for (int i = 0; i < yields; ++i) CHECK_EQ(static_cast<long>(yield_with(flags)), static_cast<long>(flags));
    for (int i = 0; i < spins; ++i) CHECK_EQ(static_cast<long>(spin_with(flags)), static_cast<long>(flags));
}

}  // namespace

int main(int argc, char** argv) {
    test_name = "flags";
    const bool trap = argc > 1 && strcmp(argv[1], "trap") == 0;
    const bool spin = argc > 1 && strcmp(argv[1], "spin") == 0;
    const int yields = spin ? 0 : kYields;
    const int spins = spin ? kLongSpins : kSpins;
    long children[sizeof kPatterns / sizeof *kPatterns];
    long* child = children;
    for (const uint64_t pattern : kPatterns) *child++ = start_child([=] { keep(pattern, yields, spins); });
    if (trap) CHECK_EQ(run_in_child([] { yield_with(kFixed | kTF); }), SIGTRAP);
    for (const long pid : children) CHECK_EQ(wait_for(pid), exited(0));
    return passed();
}
