/// @file
/// Random bytes from RDRAND (Intel SDM 1, 7.3.17), or as good as they get without it.
#include <kernel/fs/random.h>

#include <algorithm>
#include <cstdint>

#include <arch/x86_64/cpu.h>
#include <kernel/libk/string.h>
#include <kernel/sync/spinlock.h>

namespace {

/// RDRAND may come back empty-handed for a moment; the manual advises ten tries before giving up.
constexpr int kRdrandTries = 10;

constinit SpinLock state_lock("random state", LockRank::kRandom);
constinit uint64_t state GUARDED_BY(state_lock) = 0;

bool hardware_random(uint64_t& value) {
    if (!cpu_features.rdrand) return false;
    for (int i = 0; i < kRdrandTries; i++) {
        bool good = false;
        asm volatile("rdrand %0" : "=r"(value), "=@ccc"(good));
        if (good) return true;
    }
    return false;
}

/// Marsaglia's xorshift64. Every call stirs in the time-stamp counter, so that a sequence cannot be guessed
/// from its start alone; it is still no secret.
uint64_t pseudo_random() {
    LockGuard guard(state_lock);
    state ^= rdtsc();
    if (state == 0) state = 1;  // zero is the one value that xorshift never leaves
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

}  // namespace

void fill_random(std::span<std::byte> out) {
    while (!out.empty()) {
        uint64_t value = 0;
        if (!hardware_random(value)) value = pseudo_random();
        const size_t length = std::min(out.size(), sizeof value);
        memcpy(out.data(), &value, length);
        out = out.subspan(length);
    }
}
