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

namespace {

/// The next byte for the UART. Interrupt handlers print too, so the ring is taken from with interrupts off.
bool next_byte(char& byte) {
    irq_disable();
    const bool some = console_take(byte);
    irq_enable();
    return some;
}

}  // namespace

void idle_loop() {
    copy_string(current()->name, "klogd");
    for (;;) {
        char byte;
        while (next_byte(byte)) serial_put(byte);
        schedule();
    }
}
