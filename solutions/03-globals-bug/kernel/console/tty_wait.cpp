/// @file
/// Waiting for the keyboard by giving the processor to the others until a key comes.
#include <arch/x86_64/current.h>
#include <kernel/console/tty.h>
#include <kernel/console/tty_wait.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>

// Not analysed: the original kernel looked without a lock. On its one processor nothing interrupts a system
// call.
NO_THREAD_SAFETY_ANALYSIS Result<void> tty_wait_for_input(Tty& tty) {
    while (!tty.discipline.readable()) {
        if (current()->fatal_signal) return Errno::kEINTR;
        schedule();
    }
    return {};
}
