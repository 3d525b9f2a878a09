/// @file
/// avx: the registers YMM0 to YMM15 belong to one process each: over switches, over fork() and over a
/// signal's handler, and a new program finds none of another's in them. Where the processor or the kernel has
/// no AVX there is nothing to test.
#include <userland/lib/program.h>
#include <userland/tests/signals.h>

namespace {

/// All sixteen.
struct alignas(32) Ymm {
    uint64_t words[16][4];
};

bool has_avx() {
    uint32_t eax = 1, ebx, ecx = 0, edx;
    asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    // AVX, and the kernel has switched XSAVE on.
    if ((ecx & 0x18000000) != 0x18000000) return false;
    asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & 6) == 6;
}

#define ALL_YMM(do) \
    do (0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11) do(12) do(13) do(14) do(15)
#define LOAD(n) "vmovdqa 32*" #n "(%0), %%ymm" #n "\n"
#define STORE(n) "vmovdqa %%ymm" #n ", 32*" #n "(%0)\n"

void load(const Ymm& values) {
    asm volatile(ALL_YMM(LOAD)::"r"(&values), "m"(values));
}
void store(Ymm& values) {
    asm volatile(ALL_YMM(STORE)::"r"(&values) : "memory");
}

void fill(Ymm& values, uint64_t seed) {
    for (auto& value : values.words)
        for (uint64_t& word : value) word = seed = seed * 6364136223846793005 + 1442695040888963407;
}

/// Fails unless the registers hold what fill() makes of `seed`.
void check_registers_hold(uint64_t seed, const char* when) {
    Ymm now, expected;
    store(now);
    fill(expected, seed);
    for (int i = 0; i < 16; ++i)
        for (int k = 0; k < 4; ++k)
            if (now.words[i][k] != expected.words[i][k])
                fail("%s: word %d of YMM%d is 0x%lx, not 0x%lx", when, k, i, now.words[i][k],
                     expected.words[i][k]);
}

void load_pattern(uint64_t seed) {
    Ymm values;
    fill(values, seed);
    load(values);
}

void take_turns(uint64_t seed) {
    load_pattern(seed);
    for (int i = 0; i < 300; ++i) {
        sched_yield();
        check_registers_hold(seed, "after a yield");
    }
}

}  // namespace

int main(int argc, char** argv) {
    test_name = "avx";
    if (!has_avx()) return passed();
    if (argc > 1) {
        // A new program, after another had filled them.
        Ymm now;
        store(now);
        for (const auto& value : now.words)
            for (const uint64_t word : value) CHECK_EQ(static_cast<long>(word), 0);
        return 0;
    }
    long children[3];
    for (uint64_t i = 0; i < 3; ++i) children[i] = start_child([i] { take_turns(i + 2); });
    take_turns(1);
    for (const long child : children) CHECK_EQ(wait_for(child), 0);

    load_pattern(5);
    const long child = start_child([] { check_registers_hold(5, "in a child"); });
    check_registers_hold(5, "after fork()");
    CHECK_EQ(wait_for(child), 0);

    CHECK_EQ(handle(SIGUSR1, [](int, SignalInfo*, SignalContext*) { load_pattern(7); }), 0);
    load_pattern(6);
    kill(getpid(), SIGUSR1);
    check_registers_hold(6, "after a handler");

    CHECK_EQ(run_in_child([argv] {
                 char word[] = "new";
                 char* const arguments[] = {argv[0], word, nullptr};
                 load_pattern(8);
                 exit(execve(argv[0], arguments, nullptr) < 0 ? 1 : 0);
             }),
             0);
    return passed();
}
