/// @file
/// The console's ring and kprintf().
#include <cstdarg>

#include <arch/x86_64/serial.h>
#include <kernel/console/console.h>
#include <kernel/libk/format.h>
#include <kernel/libk/ring_buffer.h>
#include <kernel/sync/spinlock.h>

namespace {

SpinLock lock("console");
RingBuffer<4096> ring;
bool use_interrupts = false;
bool emergency = false;

/// Requires the lock. The FIFO is empty when it reports so: it takes a whole burst for one look at its
/// status.
void fill_fifo() {
    if (!serial_transmit_ready()) return;
    char byte;
    for (int i = 0; i < kSerialFifoSize && ring.get(byte); i++) serial_put_unchecked(byte);
}

void put(char byte) {
    if (!use_interrupts || emergency) {
        serial_put(byte);
        return;
    }
    while (!ring.put(byte)) fill_fifo();
}

/// Sink of vformat(): text for people, so newlines become CR LF.
void format_sink(void*, std::span<const char> text) {
    for (const char c : text) {
        if (c == '\n') put('\r');
        put(c);
    }
}

}  // namespace

void console_write(std::span<const char> bytes) {
    LockGuard guard(lock);
    for (const char c : bytes) put(c);
    if (use_interrupts && !ring.empty()) serial_enable_transmit_interrupt(true);
}

void console_transmit() {
    LockGuard guard(lock);
    fill_fifo();
    if (ring.empty()) serial_enable_transmit_interrupt(false);
}

void console_use_interrupts() {
    use_interrupts = true;
}

void console_emergency() {
    if (emergency) return;
    emergency = true;
    char byte;
    while (ring.get(byte)) serial_put(byte);
}

void kprintf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (emergency) {
        vformat({format_sink, nullptr}, format, arguments);
    } else {
        LockGuard guard(lock);
        vformat({format_sink, nullptr}, format, arguments);
        if (use_interrupts && !ring.empty()) serial_enable_transmit_interrupt(true);
    }
    va_end(arguments);
}
