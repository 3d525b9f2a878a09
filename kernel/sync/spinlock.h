/// @file
/// Locks of the uniprocessor kernel: with one processor and a kernel that system calls enter with interrupts
/// off, a critical section is a stretch with interrupts off. The SMP chapter replaces this file by real spin
/// locks with the same interface, so shared data is already marked with the lock that guards it.
#pragma once

#include <arch/x86_64/cpu.h>
#include <kernel/libk/panic.h>

/// A mutual-exclusion lock held for a few instructions, never while sleeping. Take it with a LockGuard.
class SpinLock {
  public:
    explicit constexpr SpinLock(const char* name) : name_(name) {}
    SpinLock(const SpinLock&) = delete;
    SpinLock& operator=(const SpinLock&) = delete;

    /// Requires IF=0. Panics when the lock is held: on one processor nobody could ever release it.
    void lock() {
        if (held_) [[unlikely]]
            panic("lock '%s' taken twice", name_);
        held_ = true;
    }
    /// Requires that the caller holds it.
    void unlock() { held_ = false; }
    bool is_held() const { return held_; }

  private:
    const char* name_;
    bool held_ = false;
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
