/// @file
/// What a lock consists of, on one processor: a flag that nobody ever waits for. A kernel that system calls
/// enter with interrupts off has a critical section wherever interrupts are off. The SMP chapter replaces
/// this file by a lock that processors wait for, so shared data is already marked with the lock that guards
/// it.
#pragma once

#include <kernel/libk/panic.h>
#include <kernel/sync/lock_place.h>

/// The state of a SpinLock, which see: held or not.
class LockWord {
  public:
    /// Panics when the lock is held: on one processor nobody could ever give it back.
    void acquire(const LockPlace& place) {
        if (held_) [[unlikely]]
            panic("lock '%s' taken twice", place.name());
        held_ = true;
    }
    /// Gives the lock back.
    void release() { held_ = false; }

  private:
    bool held_ = false;
};
