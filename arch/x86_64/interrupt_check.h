/// @file
/// What an interrupt asks about the stack it arrived on: nothing yet.
#pragma once

#include <arch/x86_64/interrupt_frame.h>

/// Called for every interrupt and exception before it is handled. IF=0.
inline void check_interrupt_entry(const InterruptFrame& /*frame*/) {}
