/// @file
/// Spin locks: mutual exclusion for a few instructions. How processors wait for one is in lock_word.h.
/// Invariant: docs/invariants/interrupt-flag.md, docs/invariants/lock-ranks.md.
#pragma once

#include <arch/x86_64/cpu.h>
#include <kernel/sync/lock_place.h>
#include <kernel/sync/lock_word.h>
#include <kernel/sync/thread_annotations.h>

/// A mutual-exclusion lock held for a few instructions, never while sleeping. Take it with a LockGuard.
class CAPABILITY("lock") SpinLock {
  public:
    /// `name` is for reports; what `rank` must be follows from what its holders do (lock_rank.h).
    constexpr SpinLock(const char* name, LockRank rank) : place_(name, rank) {}
    SpinLock(const SpinLock&) = delete;
    SpinLock& operator=(const SpinLock&) = delete;

    /// Waits until it is free. Requires IF=0: an interrupt handler that wants the lock its own processor
    /// holds would wait for ever.
    void lock() ACQUIRE() {
        place_.enter();
        word_.acquire(place_);
    }
    /// Requires that the caller holds it.
    void unlock() RELEASE() {
        place_.leave();
        word_.release();
    }
    /// Says that the caller holds it where clang can't know, in lambdas; checked when built with LOCK_CHECKS.
    void assert_held() const ASSERT_CAPABILITY(this) { place_.check_held(); }

  private:
    LockPlace place_;
    LockWord word_;
};

/// Holds a SpinLock, with interrupts off, for the life of the guard; then IF is as it was before.
class SCOPED_CAPABILITY [[nodiscard]] LockGuard {
  public:
    /// Turns interrupts off and waits for `lock`.
    explicit LockGuard(SpinLock& lock) ACQUIRE(lock) : lock_(lock), flags_(irq_save()) { lock_.lock(); }
    LockGuard(const LockGuard&) = delete;
    LockGuard& operator=(const LockGuard&) = delete;
    ~LockGuard() RELEASE() {
        lock_.unlock();
        irq_restore(flags_);
    }
    /// The lock, for WaitQueue::wait(), which gives it up while the task sleeps.
    SpinLock& lock() { return lock_; }

  private:
    SpinLock& lock_;
    uint64_t flags_;
};
