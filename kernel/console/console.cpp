/// @file
/// The console's ring and kprintf().
#include <arch/x86_64/serial.h>
#include <kernel/console/console.h>
#include <kernel/console/console_drain.h>
#include <kernel/libk/format.h>
#include <kernel/libk/ring_buffer.h>
#include <kernel/sync/spinlock.h>

constinit SpinLock console_lock("console", LockRank::kConsole);

namespace {

RingBuffer<4096> ring GUARDED_BY(console_lock);
bool use_ring = false;
bool emergency = false;

/// Requires the lock, but for an emergency: too much for the analysis.
NO_THREAD_SAFETY_ANALYSIS void put(char byte) {
    if (!use_ring || emergency) {
        serial_put(byte);
        return;
    }
    while (!ring.put(byte)) {
        char oldest;
        if (ring.get(oldest)) serial_put(oldest);
    }
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
    LockGuard guard(console_lock);
    for (const char c : bytes) put(c);
    if (!ring.empty()) console_data_waiting();
}

bool console_take_locked(char& byte) {
    return ring.get(byte);
}

bool console_take(char& byte) {
    LockGuard guard(console_lock);
    return console_take_locked(byte);
}

void console_use_ring() {
    use_ring = true;
}

// Not analysed: it takes no lock, since whoever holds it may be what panics.
NO_THREAD_SAFETY_ANALYSIS void console_emergency() {
    if (emergency) return;
    emergency = true;
    char byte;
    while (ring.get(byte)) serial_put(byte);
}

void vkprintf(const char* format, va_list arguments) {
    if (emergency) {
        vformat({format_sink, nullptr}, format, arguments);
        return;
    }
    LockGuard guard(console_lock);
    vformat({format_sink, nullptr}, format, arguments);
    if (!ring.empty()) console_data_waiting();
}

void kprintf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vkprintf(format, arguments);
    va_end(arguments);
}
