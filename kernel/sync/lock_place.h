/// @file
/// A lock's name and its place in the order of all locks. Built with LOCK_CHECKS, each processor keeps a
/// record of the locks it holds, and breaking a rule is a panic; without, only the name is left.
/// Invariant: docs/invariants/lock-ranks.md.
#pragma once

#include <kernel/sync/lock_rank.h>

/// The part of a SpinLock that knows the rules: ranks ascend, IF=0, no lock twice, given back by its holder.
/// The functions do nothing unless built with LOCK_CHECKS; then they panic, naming the processor and the
/// locks.
class LockPlace {
  public:
#ifdef LOCK_CHECKS
    constexpr LockPlace(const char* name, LockRank rank) : name_(name), rank_(rank) {}

    /// Enters the lock in the record; panics unless this processor may take it now. Before it waits for it: a
    /// report is better than a processor that waits for ever.
    void enter() const;
    /// Takes the lock out of the record, which is a panic when it is not there. With the lock held.
    void leave() const;
    /// Panics unless this processor holds the lock.
    void check_held() const;
    /// Panics when the wait for the lock has become longer than any holder keeps it. `turns` counts the turns
    /// of the waiting loop so far.
    void check_patience(uint64_t turns) const;
#else
    /// The lock's name and rank, for good.
    constexpr LockPlace(const char* name, LockRank) : name_(name) {}

    /// Nothing.
    void enter() const {}
    /// Nothing.
    void leave() const {}
    /// Nothing.
    void check_held() const {}
    /// Nothing.
    void check_patience(uint64_t) const {}
#endif
    /// As the constructor was told, for reports.
    const char* name() const {
        return name_;
    }

  private:
    const char* name_;
#ifdef LOCK_CHECKS
    LockRank rank_;
#endif
};

/// Panics when this processor holds a lock: asked where a task may give up the processor, which would take
/// the lock with it. Does nothing unless built with LOCK_CHECKS.
#ifdef LOCK_CHECKS
void check_no_lock_held();
#else
inline void check_no_lock_held() {}
#endif
