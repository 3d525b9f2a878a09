/// @file
/// The devices that interrupt: timer and serial line.
#pragma once

#include <cstdint>

/// Brings up the interrupt controllers, the serial line's interrupts and a timer of `hz` ticks a second.
/// Returns what went wrong in plain words, or null. Interrupts off; on the boot task's stack.
const char* init_devices(uint32_t hz);
