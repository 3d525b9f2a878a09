/// @file
/// yieldtest: two processes yield to each other, each with its own pattern in every register, and check after
/// every yield that it is still theirs.
#include <userland/lib/program.h>
#include <userland/tests/registers.h>

namespace {

constexpr int kYields = 100'000;

void yield_with_pattern(uint64_t seed) {
    for (int i = 0; i < kYields; ++i) {
        if (i % 1000 == 0) fill_pattern(probe_in, seed + static_cast<uint64_t>(i));
        probe_in.rax = SYS_sched_yield;
        syscall_probe();
        CHECK_EQ(static_cast<long>(probe_out.rax), 0);
        check_registers("sched_yield");
    }
}

}  // namespace

int main(int, char**) {
    test_name = "yieldtest";
    const long child = start_child([] { yield_with_pattern(0x1234567); });
    yield_with_pattern(0x89abcde);
    CHECK_EQ(wait_for(child), exited(0));
    return passed();
}
