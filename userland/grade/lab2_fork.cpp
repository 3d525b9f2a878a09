/// @file
/// Init forks once with a pattern in every register, or clones a child onto another stack if `stack` is not
/// 0. Both processes put what they got back into `back` and call report().
#include <userland/grade/lab2_calls.h>
#include <userland/lib/program.h>
#include <userland/tests/registers.h>

extern "C" {
uint64_t nonce = 1;
uint64_t stack = 1;
/// Registers in the order of GradeRegister, and RFLAGS.
uint64_t back[kGradeRegisterCount + 1];
void report();
}

// Each process comes here once, when it is done.
asm(R"(
    .text
    .globl report
report:
    ret
)");

int main(int, char**) {
    auto* in = reinterpret_cast<uint64_t*>(&probe_in);
    for (size_t i = 0; i < kGradeRegisterCount; ++i) in[i] = grade_pattern(nonce, 0, i);
    probe_in.rflags = RFLAGS_ALWAYS | RFLAGS_STATUS;
    probe_in.mxcsr = 0x1f80;
    probe_in.rax = stack ? SYS_clone : SYS_fork;
    if (stack) {
        probe_in.rdi = SIGCHLD;
        probe_in.rsi = stack;
    }
    syscall_probe();
    const auto* out = reinterpret_cast<const uint64_t*>(&probe_out);
    for (size_t i = 0; i <= kGradeRegisterCount; ++i) back[i] = out[i];
    report();
    for (;;) sched_yield();
}
