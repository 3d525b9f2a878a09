/// @file
/// Stopping and turning off the (emulated) machine.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/processor.h>
#include <kernel/console/console.h>
#include <kernel/panic_policy.h>

namespace {

/// QEMU's isa-debug-exit: writing v ends it with exit code 2v + 1. Where there is no such device the write is
/// lost.
constexpr uint16_t kDebugExitPort = 0xf4;
constexpr uint8_t kExitPowerOff = 0x10;
constexpr uint8_t kExitPanic = 0x11;
/// PM1a control register of QEMU's q35, and its "soft off" (ACPI 6.4, 4.8.3.2.1: SLP_TYP 0, SLP_EN).
constexpr uint16_t kPm1aControl = 0x604;
constexpr uint16_t kSoftOff = 1 << 13;

bool exit_on_panic = false;

}  // namespace

void set_panic_exit(bool exit) {
    exit_on_panic = exit;
}

void finish_panic() {
    if (exit_on_panic) out8(kDebugExitPort, kExitPanic);
    // QEMU ends a moment after the write; until then nothing more may run.
    halt_forever();
}

void power_off() {
    irq_disable();
    stop_other_processors();
    console_emergency();
    out8(kDebugExitPort, kExitPowerOff);
    out16(kPm1aControl, kSoftOff);
    halt_forever();
}
