/// @file
/// What the workers of `soak` share: time, chance, and threads.
#pragma once

#include <userland/tests/check.h>

inline constexpr size_t kPage = 4096;

/// Nanoseconds since boot.
inline uint64_t now() {
    Timespec time{0, 0};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.seconds) * 1'000'000'000 + static_cast<uint64_t>(time.nanoseconds);
}

/// Numbers that look random and follow from the seed: Marsaglia's xorshift64.
class Chance {
  public:
    explicit constexpr Chance(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 | 1) {}
    uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }
    /// From 0 to below `limit`.
    uint64_t below(uint64_t limit) { return (next() >> 16) % limit; }

  private:
    uint64_t state_;
};

/// One of each process: seeded with its pid.
inline Chance own_chance() {
    return Chance(static_cast<uint64_t>(getpid()));
}

/// Nothing, some yields, or a sleep.
inline void pause_somehow(Chance& chance) {
    switch (chance.below(4)) {
        case 0:
            return;
        case 1:
            sleep_milliseconds(1);
            return;
        default:
            for (uint64_t i = chance.below(20); i > 0; --i) sched_yield();
    }
}

inline constexpr int kThreads = 4;
inline constexpr size_t kThreadStack = 4 * kPage;
/// One for each of a worker's threads. Every worker is a process and has its own.
alignas(16) inline char thread_stacks[kThreads][kThreadStack];

/// Starts body(argument) in a child that shares this process's memory, on stack `number`.
inline long start_thread(int number, void (*body)(void*), void* argument = nullptr) {
    const long pid = clone(CLONE_VM | SIGCHLD, thread_stacks[number] + kThreadStack, body, argument);
    if (pid < 0) fail("clone: %s", error_text(pid));
    return pid;
}

template <class T>
T load(const T& from) {
    return __atomic_load_n(&from, __ATOMIC_ACQUIRE);
}
template <class T>
void store(T& to, T value) {
    __atomic_store_n(&to, value, __ATOMIC_RELEASE);
}
