/// @file
/// How a reader waits for the keyboard: a seam of its own, because chapter 3 waits the way the original
/// kernel did.
#pragma once

#include <kernel/libk/result.h>

class Tty;

/// Returns when `tty` has input, or EINTR when a signal has come for the task. Another reader may be quicker:
/// callers look again under the lock. Task context, no lock held.
Result<void> tty_wait_for_input(Tty& tty);
