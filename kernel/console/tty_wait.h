/// @file
/// How a reader waits for the keyboard: a seam of its own, because chapter 3 waits the way the original
/// kernel did.
#pragma once

#include <kernel/libk/result.h>

class Tty;

/// Returns when `tty` has input, or EINTR when the task has been killed. Another reader may be quicker:
/// callers look again under the lock. Task context, no lock held.
Result<void> tty_wait_for_input(Tty& tty);
