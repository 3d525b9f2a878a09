/// @file
/// The way to the screen: everything the kernel and the terminal print goes through one ring to the UART.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <span>

#include <kernel/sync/spinlock.h>

/// Queues bytes for the screen; sends them at once before console_use_ring(). Never sleeps: when the ring is
/// full it waits for the UART. Any context except NMI.
void console_write(std::span<const char> bytes);
/// From now on bytes wait in the ring until somebody takes them (`<kernel/console/console_drain.h>`).
/// Interrupts are set up; boot.
void console_use_ring();
/// Takes the oldest waiting byte; false when there is none. Any context except NMI.
bool console_take(char& byte);
/// Guards the ring and the sending half of the UART. Taken with interrupts off, and last of all (LockRank).
extern SpinLock console_lock;
/// console_take() for who holds console_lock.
bool console_take_locked(char& byte) REQUIRES(console_lock);
/// Sends all that is queued, polling, and everything later at once, taking no lock. For panic().
void console_emergency();

/// Formatted text to the console, with a carriage return before each newline. Formats: see
/// `<kernel/libk/format.h>`. Any context except NMI.
void kprintf(const char* format, ...) __attribute__((format(printf, 1, 2)));
/// The same, with the arguments in a list.
void vkprintf(const char* format, va_list arguments) __attribute__((format(printf, 1, 0)));
