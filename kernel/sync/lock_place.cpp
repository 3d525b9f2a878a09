/// @file
/// The record of the locks that each processor holds.
#include <kernel/sync/lock_place.h>

#ifdef LOCK_CHECKS

#include <algorithm>
#include <array>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/processor.h>
#include <kernel/libk/panic.h>

namespace {

/// A processor's locks, in the order in which it took them, which is that of their ranks. Only the processor
/// itself looks at it, with interrupts off.
struct HeldLocks {
    std::array<const LockPlace*, 8> locks{};
    size_t count = 0;

    const LockPlace** end() { return locks.data() + count; }
    const LockPlace** find(const LockPlace& lock) { return std::find(locks.data(), end(), &lock); }
};

constinit std::array<HeldLocks, kMaximumProcessors> held_by{};

/// Far more turns than any lock is held for, and a matter of seconds.
constexpr uint64_t kLongestWait = 1ull << 28;

/// With interrupts on there is no such thing: a task may be moved to another processor.
HeldLocks& own_locks(const char* lock) {
    if (irq_enabled()) panic("lock order: '%s' is used with interrupts on", lock);
    return held_by[processor_number()];
}

}  // namespace

void LockPlace::enter() const {
    HeldLocks& held = own_locks(name_);
    if (held.find(*this) != held.end())
        panic("lock order: processor %u takes '%s', which it holds already", processor_number(), name_);
    if (held.count > 0 && held.end()[-1]->rank_ >= rank_)
        panic("lock order: processor %u takes '%s' while it holds '%s', which comes later",
              processor_number(), name_, held.end()[-1]->name_);
    if (held.count == held.locks.size())
        panic("lock order: processor %u holds too many locks", processor_number());
    held.locks[held.count++] = this;
}

void LockPlace::leave() const {
    check_held();
    HeldLocks& held = own_locks(name_);
    std::copy(held.find(*this) + 1, held.end(), held.find(*this));
    held.count--;
}

void LockPlace::check_held() const {
    HeldLocks& held = own_locks(name_);
    if (held.find(*this) == held.end())
        panic("lock order: processor %u does not hold '%s'", processor_number(), name_);
}

void LockPlace::check_patience(uint64_t turns) const {
    if (turns > kLongestWait)
        panic("lock order: processor %u waits for '%s', and nobody gives it back", processor_number(), name_);
}

void check_no_lock_held() {
    // With interrupts on the processor holds none, and may change under our feet.
    if (irq_enabled()) return;
    if (const HeldLocks& held = held_by[processor_number()]; held.count > 0)
        panic("lock order: processor %u changes tasks while it holds '%s'", processor_number(),
              held.locks[held.count - 1]->name());
}

#endif
