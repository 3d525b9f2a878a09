/// @file
/// The UART's own interrupts empty the ring: it asks for more whenever its FIFO has run dry.
#include <arch/x86_64/serial.h>
#include <kernel/console/console.h>
#include <kernel/console/console_drain.h>

namespace {

/// Gives the UART waiting bytes if it is free. True when none is left.
bool send_burst() REQUIRES(console_lock) {
    if (!serial_transmit_ready()) return false;
    // The FIFO is empty when it reports so: it takes a whole burst for one look at its status.
    char byte;
    for (int i = 0; i < kSerialFifoSize; i++) {
        if (!console_take_locked(byte)) return true;
        serial_put_unchecked(byte);
    }
    return false;
}

}  // namespace

// What the UART does not take at once it asks for by interrupt. All under the lock: a processor that finds
// the ring full sends from it as well, and one that prints turns the interrupt on that another turns off.

void console_data_waiting() {
    serial_enable_interrupts(!send_burst());
}

void console_transmit() {
    LockGuard guard(console_lock);
    serial_enable_interrupts(!send_burst());
}
