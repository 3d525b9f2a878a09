/// @file
/// Waiting for the keyboard, asleep until tty_input() wakes the readers.
#include <kernel/console/tty_wait.h>

#include <kernel/console/tty.h>

Result<void> tty_wait_for_input(Tty& tty) {
    LockGuard guard(tty.lock);
    while (!tty.discipline.readable()) TRY_VOID(tty.readers.wait(guard));
    return {};
}
