/// @file
/// The way to the screen: everything the kernel and the terminal print goes through one ring to the UART.
#pragma once

#include <cstdint>
#include <span>

/// Queues bytes for the screen. Never sleeps: when the ring is full it waits for the UART. Before
/// console_use_interrupts(), sends at once. Any context except NMI.
void console_write(std::span<const char> bytes);
/// From now on the UART's interrupts empty the ring. Once interrupt delivery works.
void console_use_interrupts();
/// Sends all that is queued, polling, and everything later at once, taking no lock. For panic().
void console_emergency();
/// Moves queued bytes to the UART. Called by its interrupt handler, IF=0.
void console_transmit();

/// Formatted text to the console, with a carriage return before each newline. Formats: see
/// `<kernel/libk/format.h>`. Any context except NMI.
void kprintf(const char* format, ...) __attribute__((format(printf, 1, 2)));
