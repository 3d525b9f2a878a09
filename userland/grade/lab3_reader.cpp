/// @file
/// /init of chapter 3's grader: reads from the console, or has a child that does and is killed while it
/// waits.
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

extern "C" {
/// What to do, set by the grader: 1, read a line; 2, have a child read one, and kill it.
volatile uint64_t lab3_role = 1;
/// What came of it: results of the calls, and the bytes that were read.
volatile uint64_t lab3_result = 1;
volatile uint64_t lab3_status = 1;
volatile char lab3_text[64] = {1};

/// The end: the grader has a breakpoint here.
[[gnu::noinline]] void grade_done() {
    for (;;) asm volatile("" ::: "memory");
}
}

namespace {

constexpr int kYieldsBeforeTheKill = 20;
constexpr int kLooks = 200;

void read_line() {
    char text[sizeof lab3_text];
    const long length = read(0, text, sizeof text);
    for (long i = 0; i < length; i++) lab3_text[i] = text[i];
    lab3_result = static_cast<uint64_t>(length);
}

void kill_reader() {
    const long child = fork();
    if (child == 0) {
        char byte;
        read(0, &byte, 1);
        exit(1);
    }
    for (int i = 0; i < kYieldsBeforeTheKill; i++) syscall(SYS_sched_yield);
    kill(child, SIGKILL);
    long ended = 0;
    int status = 0;
    for (int i = 0; i < kLooks && ended == 0; i++) {
        ended = wait4(child, &status, WNOHANG);
        syscall(SYS_sched_yield);
    }
    lab3_status = static_cast<uint64_t>(status);
    lab3_result = static_cast<uint64_t>(ended == child);
}

}  // namespace

int main(int, char**) {
    if (lab3_role == 1)
        read_line();
    else
        kill_reader();
    grade_done();
    return 0;
}
