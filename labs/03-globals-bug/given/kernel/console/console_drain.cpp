/// @file
/// klogd empties the ring when its turn comes: there is nothing to start, and nobody to wake.
#include <kernel/console/console.h>
#include <kernel/console/console_drain.h>

void console_data_waiting() {}

void console_transmit() {}
