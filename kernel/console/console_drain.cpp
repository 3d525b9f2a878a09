/// @file
/// The UART's own interrupts empty the ring: it asks for more whenever its FIFO has run dry.
#include <arch/x86_64/serial.h>
#include <kernel/console/console.h>
#include <kernel/console/console_drain.h>

void start_console_drain() {
    console_use_ring();
}

void console_data_waiting() {
    serial_enable_transmit_interrupt(true);
}

void console_transmit() {
    // All under the lock: a processor that finds the ring full sends from it as well, and one that prints
    // asks for the interrupt that is turned off here.
    LockGuard guard(console_lock());
    if (!serial_transmit_ready()) return;
    // The FIFO is empty when it reports so: it takes a whole burst for one look at its status.
    char byte;
    for (int i = 0; i < kSerialFifoSize; i++) {
        if (!console_take_locked(byte)) {
            serial_enable_transmit_interrupt(false);
            return;
        }
        serial_put_unchecked(byte);
    }
}
