/// @file
/// klogd: the boot task drains the console's ring to the UART, byte by byte, and yields whenever it is empty.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/current.h>
#include <arch/x86_64/serial.h>
#include <kernel/console/console.h>
#include <kernel/idle.h>
#include <kernel/libk/string.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>

// TODO(lab3.1): klogd must run with interrupts on: whenever it sends a byte, which takes the UART a while,
// and whenever it calls schedule(), no matter who had the processor before it. They must be off for the
// moment in which a byte is taken from the ring, for interrupt handlers print, too.
void idle_loop() {
    copy_string(current()->name, "klogd");
    for (;;) {
        char byte;
        while (console_take(byte)) serial_put(byte);
        schedule();
    }
}
