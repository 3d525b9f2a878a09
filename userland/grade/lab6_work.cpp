/// @file
/// Init of chapter 6's grader: workers that compute digests at the same time, in address spaces of their own.
#include <userland/grade/digest.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

constexpr uint64_t kMostWorkers = 16;
constexpr uint64_t kParts = 32;

}  // namespace

extern "C" {
uint64_t work_nonce = 1;
uint64_t work_workers = 1;
uint64_t work_rounds = 1;
/// What came out, by worker, and how many workers ended with status 0.
uint64_t work_digests[kMostWorkers];
uint64_t work_ended;
/// Init comes here in the end, and stays.
[[noreturn]] void work_done();
}

asm(R"(
    .text
    .globl work_done
work_done:
    jmp work_done
)");

namespace {

int results[2];

/// The digest in parts, with yields in between.
uint64_t compute(uint64_t worker) {
    uint64_t value = work_nonce + worker;
    for (uint64_t part = 0; part < kParts; ++part) {
        value = grade_digest(value, work_rounds / kParts);
        sched_yield();
    }
    return value;
}

[[noreturn]] void work(uint64_t worker) {
    const uint64_t result[2] = {worker, compute(worker)};
    write(results[1], result, sizeof result);
    exit(0);
}

}  // namespace

int main(int, char**) {
    const uint64_t workers = work_workers < kMostWorkers ? work_workers : kMostWorkers;
    pipe(results);
    for (uint64_t worker = 0; worker < workers; ++worker)
        if (fork() == 0) work(worker);
    for (uint64_t worker = 0; worker < workers; ++worker) {
        uint64_t result[2] = {};
        read(results[0], result, sizeof result);
        if (result[0] < workers) work_digests[result[0]] = result[1];
    }
    for (uint64_t worker = 0; worker < workers; ++worker) {
        int status = -1;
        if (wait4(-1, &status) > 0 && status == 0) ++work_ended;
    }
    work_done();
}
