/// @file
/// Where tasks sleep until something happens: data in a pipe, a child's death, a tick of the clock.
#pragma once

#include <kernel/libk/result.h>
#include <kernel/sync/spinlock.h>

struct Task;

/// Tasks asleep for one reason. The condition they wait for is guarded by the lock they pass to wait().
class WaitQueue {
  public:
    constexpr WaitQueue() = default;
    WaitQueue(const WaitQueue&) = delete;
    WaitQueue& operator=(const WaitQueue&) = delete;

    /// Puts the current task to sleep until wake_all(), with the guard's lock released meanwhile and held
    /// again on return. Callers loop: the condition may be false again. EINTR when a signal has come for the
    /// task: the caller must then give up and return at once. Task context only.
    Result<void> wait(LockGuard& guard);
    /// Makes every sleeping task runnable. Any context, with the lock held.
    void wake_all() {
        if (head_) wake_sleepers();
    }

  private:
    void wake_sleepers();

    Task* head_ = nullptr;
};
