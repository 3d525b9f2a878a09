/// @file
/// The devices that interrupt: timer and serial line.
#pragma once

#include <cstdint>

/// Ticks that found a user task in ring 0. System calls run with IF=0, so a correct kernel of one processor
/// never counts one.
extern "C" uint64_t user_task_kernel_ticks;

/// Brings up the interrupt controllers, the serial line's interrupts and a timer of `hz` ticks a second.
/// Returns what went wrong in plain words, or null. Interrupts off; on the boot task's stack.
const char* init_devices(uint32_t hz);
