/// @file
/// Init of chapter 6's grader: processes of two threads each, which map, fill, check and unmap memory all the
/// time, so that requests to forget pages come from all processors at once.
#include <userland/grade/digest.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

constexpr uint64_t kMostProcesses = 8;
constexpr uint64_t kPage = 4096;
constexpr size_t kStack = 4096;
constexpr uint64_t kMostPages = 3;

alignas(16) char stack[kStack];
int results[2];

}  // namespace

extern "C" {
uint64_t many_nonce = 1;
uint64_t many_processes = 1;
uint64_t many_rounds = 1;
/// By process: what both threads have read, one through the digest of the other.
uint64_t many_digests[kMostProcesses];
/// Processes that ended with status 0.
uint64_t many_ended;
/// Init comes here in the end, and stays.
[[noreturn]] void many_done();
}

asm(R"(
    .text
    .globl many_done
many_done:
    jmp many_done
)");

namespace {

/// A number that each page has carried through memory of its own.
uint64_t carry(uint64_t value) {
    for (uint64_t round = 0; round < many_rounds; ++round) {
        const uint64_t pages = 1 + value % kMostPages;
        const long memory = mmap_anonymous(pages * kPage, PROT_READ | PROT_WRITE);
        if (memory < 0) return 0;
        for (uint64_t page = 0; page < pages; ++page) {
            auto* word = reinterpret_cast<volatile uint64_t*>(static_cast<uint64_t>(memory) + page * kPage);
            if (*word != 0) return 0;
            *word = value;
            value = grade_digest_round(*word);
        }
        munmap(static_cast<uint64_t>(memory), pages * kPage);
    }
    return value;
}

uint64_t other;  ///< the second thread's number

void second_thread(void*) {
    other = carry(other);
}

void work(uint64_t process) {
    other = many_nonce + 2 * process + 1;
    const long pid = clone(CLONE_VM | SIGCHLD, stack + kStack, second_thread, nullptr);
    const uint64_t first = carry(many_nonce + 2 * process);
    int status = -1;
    if (wait4(pid, &status) != pid || status != 0) exit(1);
    const uint64_t result[2] = {process, first ^ grade_digest_round(other)};
    write(results[1], result, sizeof result);
    exit(0);
}

}  // namespace

int main(int, char**) {
    const uint64_t processes = many_processes < kMostProcesses ? many_processes : kMostProcesses;
    pipe(results);
    for (uint64_t process = 0; process < processes; ++process)
        if (fork() == 0) work(process);
    for (uint64_t process = 0; process < processes; ++process) {
        int status = -1;
        if (wait4(-1, &status) > 0 && status == 0) ++many_ended;
    }
    for (uint64_t process = 0; process < many_ended; ++process) {
        uint64_t result[2] = {};
        read(results[0], result, sizeof result);
        if (result[0] < processes) many_digests[result[0]] = result[1];
    }
    many_done();
}
