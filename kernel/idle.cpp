/// @file
/// The idle task: sleeps from interrupt to interrupt while no task can run.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/current.h>
#include <kernel/idle.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>

void idle_loop() {
    current()->idle = true;
    for (;;) {
        if (nothing_to_run()) wait_for_interrupt();
        schedule();
    }
}
