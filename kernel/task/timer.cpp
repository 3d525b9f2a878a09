/// @file
/// Ticks and sleepers.
#include <algorithm>

#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/processor.h>
#include <kernel/task/task.h>
#include <kernel/task/timer.h>

namespace {

constexpr uint64_t kNever = ~0ull;

SpinLock lock("timer", LockRank::kTimer);
WaitQueue sleepers GUARDED_BY(lock);
uint64_t ticks GUARDED_BY(lock) = 0;           ///< read without it, too
uint64_t next_wake GUARDED_BY(lock) = kNever;  ///< the earliest tick that a sleeper waits for
uint32_t hz = 1000;

}  // namespace

uint64_t timer_ticks() {
    return __atomic_load_n(&ticks, __ATOMIC_RELAXED);
}
uint32_t timer_hz() {
    return hz;
}
void init_timer(uint32_t ticks_per_second) {
    hz = ticks_per_second;
}

void timer_tick() {
    if (Task* task = current()) task->ticks_used++;
    if (processor_number() != 0) return;
    LockGuard guard(lock);
    __atomic_store_n(&ticks, ticks + 1, __ATOMIC_RELAXED);
    if (ticks < next_wake) return;
    // Those whose time has not come go to sleep again and set next_wake anew.
    next_wake = kNever;
    sleepers.wake_all();
}

Result<void> sleep_until(uint64_t tick) {
    LockGuard guard(lock);
    while (ticks < tick) {
        next_wake = std::min(next_wake, tick);
        TRY_VOID(sleepers.wait(guard));
    }
    return {};
}
