/// @file
/// The clock: ticks since boot, and sleeping until one.
#pragma once

#include <cstdint>

#include <kernel/libk/result.h>

/// Ticks since boot.
uint64_t timer_ticks();
/// Ticks a second. Any context.
uint32_t timer_hz();

/// Sets the tick rate before the timer starts. Boot only.
void init_timer(uint32_t hz);
/// One tick of this processor's timer: accounts it to the current task. The boot processor's ticks are also
/// the clock, and wake sleepers. IF=0, from the timer's interrupt.
void timer_tick();
/// Sleeps until at least tick number `tick`; EINTR when a signal comes meanwhile. Task context.
Result<void> sleep_until(uint64_t tick);
