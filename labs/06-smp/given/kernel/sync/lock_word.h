/// @file
/// What a lock consists of, on several processors: a ticket lock, so that whoever came first is served first.
#pragma once

#include <cstdint>

#include <arch/x86_64/processor.h>
#include <kernel/sync/lock_place.h>

/// The state of a SpinLock, which see: as in a shop, whoever comes draws a number and waits until it is
/// called.
class LockWord {
  public:
    /// Waits until the lock is free. While it waits it serves other processors, which may hold the lock and
    /// wait for this one's answer.
    void acquire(const LockPlace& place) {
        const uint32_t ticket = __atomic_fetch_add(&next_, 1, __ATOMIC_RELAXED);
        for (uint64_t turns = 0; __atomic_load_n(&serving_, __ATOMIC_ACQUIRE) != ticket; turns++) {
            place.check_patience(turns);
            spin_once();
        }
    }
    /// Nobody but the holder writes the word, so the addition need not be atomic; x86 keeps stores in order
    /// (Intel SDM 3A, 8.2.2), so whoever sees it sees all that was done under the lock.
    void release() { asm volatile("incl %0" : "+m"(serving_)::"memory"); }

  private:
    uint32_t next_ = 0;     ///< the ticket that the next one who comes will draw
    uint32_t serving_ = 0;  ///< the ticket whose turn it is
};
