/// @file
/// Init of chapter 6's grader: takes pages away from children that share its memory and use them without
/// pause. A child that uses a page after it is gone says so.
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

constexpr uint64_t kMostUsers = 4;
constexpr uint64_t kPage = 4096;
constexpr size_t kStack = 4096;
/// So often a child has used its page before it is taken away.
constexpr uint64_t kEnough = 2000;
constexpr int kStale = 77;

alignas(16) char stacks[kMostUsers][kStack];

/// What init and the children look at.
struct Shared {
    uint64_t page;  ///< its address
    uint64_t gone;  ///< no child may use it any more
    uint64_t uses[kMostUsers];
};
Shared shared;

}  // namespace

extern "C" {
uint64_t shoot_users = 1;
uint64_t shoot_rounds = 1;
/// 1: the page becomes read-only, and the children write; else it is unmapped, and they read.
uint64_t shoot_protect = 1;
/// Pages that go at once; the children use the last one.
uint64_t shoot_pages = 1;
/// Children that were killed at the page, as they must be, that used it although it was gone, and others.
uint64_t shoot_killed;
uint64_t shoot_stale;
uint64_t shoot_other;
/// Init comes here just before and just after the system call of each round, and here in the end.
void shoot_before();
void shoot_after();
[[noreturn]] void shoot_done();
}

asm(R"(
    .text
    .globl shoot_before, shoot_after, shoot_done
shoot_before:
    nop
    ret
shoot_after:
    nop
    ret
shoot_done:
    jmp shoot_done
)");

namespace {

template <class T>
T load(const T& from) {
    return __atomic_load_n(&from, __ATOMIC_ACQUIRE);
}

void user(void* argument) {
    const auto number = reinterpret_cast<uint64_t>(argument);
    auto* word = reinterpret_cast<volatile uint64_t*>(shared.page) + number;
    for (uint64_t value = 0;; ++value) {
        const bool gone = load(shared.gone);
        if (shoot_protect)
            *word = value;
        else
            (void)*word;
        if (gone) exit(kStale);
        __atomic_store_n(&shared.uses[number], value, __ATOMIC_RELEASE);
    }
}

void play_round(uint64_t users) {
    const uint64_t size = shoot_pages * kPage;
    const auto memory = static_cast<uint64_t>(mmap_anonymous(size, PROT_READ | PROT_WRITE));
    shared = {memory + size - kPage, 0, {}};
    for (uint64_t page = memory; page < memory + size; page += kPage)
        *reinterpret_cast<volatile uint64_t*>(page) = 1;
    for (uint64_t i = 0; i < users; ++i)
        clone(CLONE_VM | SIGCHLD, stacks[i] + kStack, user, reinterpret_cast<void*>(i));
    for (uint64_t i = 0; i < users; ++i)
        while (load(shared.uses[i]) < kEnough) asm volatile("pause");
    shoot_before();
    if (shoot_protect)
        mprotect(memory, size, PROT_READ);
    else
        munmap(memory, size);
    shoot_after();
    __atomic_store_n(&shared.gone, 1, __ATOMIC_RELEASE);
    for (uint64_t i = 0; i < users; ++i) {
        int status = 0;
        wait4(-1, &status);
        if (status == SIGSEGV)
            ++shoot_killed;
        else if (status == kStale << 8)
            ++shoot_stale;
        else
            ++shoot_other;
    }
    if (shoot_protect) munmap(memory, size);
}

}  // namespace

int main(int, char**) {
    const uint64_t users = shoot_users < kMostUsers ? shoot_users : kMostUsers;
    for (uint64_t round = 0; round < shoot_rounds; ++round) play_round(users);
    shoot_done();
}
