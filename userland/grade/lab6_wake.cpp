/// @file
/// Init of chapter 6's grader: never gives its processor up, starts a child and wakes it again and again, and
/// counts how long the child takes to be there. For a machine whose ticks are far apart.
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

alignas(16) char stack[4096];
int bytes[2];
uint64_t answers;  ///< how often the child has been there

}  // namespace

extern "C" {
uint64_t wake_rounds = 1;
/// Turns of waiting after which the child counts as late.
uint64_t wake_limit = 1;
/// Rounds that are over, those in which the child was late, and the most turns that it took.
uint64_t wake_over;
uint64_t wake_late;
uint64_t wake_longest;
/// Init comes here in the end, and stays.
[[noreturn]] void wake_done();
}

asm(R"(
    .text
    .globl wake_done
wake_done:
    jmp wake_done
)");

namespace {

void child(void*) {
    __atomic_fetch_add(&answers, 1, __ATOMIC_RELEASE);
    for (char byte = 0; read(bytes[0], &byte, 1) == 1;) __atomic_fetch_add(&answers, 1, __ATOMIC_RELEASE);
}

void pause() {
    asm volatile("pause" ::: "memory");
}

void wait_for_answer(uint64_t number) {
    uint64_t turns = 0;
    while (__atomic_load_n(&answers, __ATOMIC_ACQUIRE) < number && turns < wake_limit) {
        pause();
        ++turns;
    }
    if (turns == wake_limit) ++wake_late;
    if (turns > wake_longest) wake_longest = turns;
    ++wake_over;
    // However late it is, the next round begins with a child that sleeps.
    while (__atomic_load_n(&answers, __ATOMIC_ACQUIRE) < number) pause();
    for (int i = 0; i < 2000; ++i) pause();
}

}  // namespace

int main(int, char**) {
    pipe(bytes);
    // Pages that are written to before they are shared need not be copied later.
    answers = wake_over = wake_late = wake_longest = 0;
    clone(CLONE_VM | SIGCHLD, stack + sizeof stack, child, nullptr);
    wait_for_answer(1);
    for (uint64_t round = 1; round < wake_rounds; ++round) {
        write(bytes[1], "x", 1);
        wait_for_answer(round + 1);
    }
    wake_done();
}
