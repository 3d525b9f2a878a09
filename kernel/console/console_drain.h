/// @file
/// Who empties the console's ring: a seam of its own.
#pragma once

#include <kernel/console/console.h>

/// Bytes are waiting in the ring. IF=0.
void console_data_waiting() REQUIRES(console_lock);
/// The UART has interrupted, perhaps because it can take more. IF=0.
void console_transmit();
