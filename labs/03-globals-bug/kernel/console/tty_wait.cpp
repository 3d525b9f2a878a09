/// @file
/// Waiting for the keyboard: asleep, until the original kernel's way of waiting is there.
#include <arch/x86_64/current.h>
#include <kernel/console/tty.h>
#include <kernel/console/tty_wait.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>

// TODO(lab3.2): a reader must stay runnable while it waits, and give its turn to the others again and again,
// until there is input or the task has been killed. Interrupts are its caller's business. The original looked
// without a lock, which is why clang's analysis is told not to look here.
NO_THREAD_SAFETY_ANALYSIS Result<void> tty_wait_for_input(Tty& tty) {
    LockGuard guard(tty.lock);
    while (!tty.discipline.readable()) TRY_VOID(tty.readers.wait(guard));
    return {};
}
