/// @file
/// Spin locks: ticket locks, so that whoever came first is served first.
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/processor.h>
#include <kernel/libk/panic.h>

/// A mutual-exclusion lock held for a few instructions, never while sleeping. Take it with a LockGuard.
class SpinLock {
  public:
    explicit constexpr SpinLock(const char* name) : name_(name) {}
    SpinLock(const SpinLock&) = delete;
    SpinLock& operator=(const SpinLock&) = delete;

    /// Requires IF=0: an interrupt handler that wants the lock its own processor holds would wait for ever.
    /// While it waits it serves other processors, which may hold the lock and wait for this one's answer.
    void lock() {
        const uint32_t ticket = __atomic_fetch_add(&next_, 1, __ATOMIC_RELAXED);
        while (__atomic_load_n(&serving_, __ATOMIC_ACQUIRE) != ticket) spin_once();
    }
    /// Requires that the caller holds it.
    void unlock() { __atomic_store_n(&serving_, serving_ + 1, __ATOMIC_RELEASE); }
    /// True when somebody holds it, which may be over by the time the caller knows.
    bool is_held() const {
        return __atomic_load_n(&next_, __ATOMIC_RELAXED) != __atomic_load_n(&serving_, __ATOMIC_RELAXED);
    }
    const char* name() const { return name_; }

  private:
    const char* name_;
    uint32_t next_ = 0;     ///< the ticket that the next one who comes will draw
    uint32_t serving_ = 0;  ///< the ticket whose turn it is
};

/// Holds a SpinLock, with interrupts off, for the life of the guard; then IF is as it was before.
class [[nodiscard]] LockGuard {
  public:
    explicit LockGuard(SpinLock& lock) : lock_(lock), flags_(irq_save()) { lock_.lock(); }
    LockGuard(const LockGuard&) = delete;
    LockGuard& operator=(const LockGuard&) = delete;
    ~LockGuard() {
        lock_.unlock();
        irq_restore(flags_);
    }
    /// The lock, for WaitQueue::wait(), which gives it up while the task sleeps.
    SpinLock& lock() { return lock_; }

  private:
    SpinLock& lock_;
    uint64_t flags_;
};
