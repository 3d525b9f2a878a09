/// @file
/// The 16550 UART at COM1 (National Semiconductor PC16550D data sheet).
#pragma once

#include <cstdint>

/// ISA interrupt line of COM1.
inline constexpr uint8_t kSerialIrq = 4;

/// Programs 115200 baud, 8 bits, no parity, FIFOs on, no interrupts. Call first of all: everything that can
/// go wrong is reported here.
void serial_init();
/// Lets the UART interrupt for received bytes, and with `transmit` when it can take more. After the interrupt
/// controller is up.
void serial_enable_interrupts(bool transmit);
/// Sends one byte, polling until the UART takes it. Any context.
void serial_put(char byte);
/// Bytes the transmit FIFO takes at once when it reports that it is empty.
inline constexpr int kSerialFifoSize = 16;
/// True when the transmit FIFO is empty. With console_lock held, or in a panic.
bool serial_transmit_ready();
/// Sends without looking; only after serial_transmit_ready(), at most kSerialFifoSize bytes. As that.
void serial_put_unchecked(char byte);
/// The next received byte, or -1. By the serial interrupt only.
int serial_get();
