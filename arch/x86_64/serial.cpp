/// @file
/// The 16550 UART at COM1.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/serial.h>

namespace {

constexpr uint16_t kCom1 = 0x3f8;
// Register offsets; the first two change their meaning while DLAB is set.
constexpr uint16_t kData = kCom1 + 0;
constexpr uint16_t kInterruptEnable = kCom1 + 1;
constexpr uint16_t kFifoControl = kCom1 + 2;
constexpr uint16_t kLineControl = kCom1 + 3;
constexpr uint16_t kModemControl = kCom1 + 4;
constexpr uint16_t kLineStatus = kCom1 + 5;

constexpr uint8_t kEnableReceive = 1 << 0;
constexpr uint8_t kEnableTransmit = 1 << 1;
constexpr uint8_t kDataReady = 1 << 0;
constexpr uint8_t kTransmitEmpty = 1 << 5;

uint8_t interrupt_enable = 0;

}  // namespace

void serial_init() {
    out8(kInterruptEnable, 0);
    out8(kLineControl, 0x80);  // DLAB: the divisor, 1 for 115200 baud
    out8(kData, 1);
    out8(kInterruptEnable, 0);
    out8(kLineControl, 0x03);   // 8 data bits, 1 stop bit
    out8(kFifoControl, 0x07);   // FIFOs on and cleared, interrupt for every byte received
    out8(kModemControl, 0x0b);  // DTR, RTS, and OUT2, which gates the interrupt line on a PC
}

void serial_enable_interrupts(bool transmit) {
    const uint8_t wanted = transmit ? kEnableReceive | kEnableTransmit : kEnableReceive;
    if (wanted == interrupt_enable) return;
    interrupt_enable = wanted;
    out8(kInterruptEnable, wanted);
}

bool serial_transmit_ready() {
    return (in8(kLineStatus) & kTransmitEmpty) != 0;
}

void serial_put_unchecked(char byte) {
    out8(kData, static_cast<uint8_t>(byte));
}

void serial_put(char byte) {
    while (!serial_transmit_ready()) cpu_relax();
    serial_put_unchecked(byte);
}

int serial_get() {
    if (!(in8(kLineStatus) & kDataReady)) return -1;
    return in8(kData);
}
