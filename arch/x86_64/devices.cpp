/// @file
/// Handlers of the timer's and the serial line's interrupts.
#include <arch/x86_64/apic.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/devices.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/serial.h>
#include <kernel/console/console_drain.h>
#include <kernel/console/tty.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>
#include <kernel/task/timer.h>

uint64_t user_task_kernel_ticks = 0;

namespace {

void timer_interrupt(InterruptFrame& frame) {
    timer_tick();
    if (!frame.from_user() && current()->is_user()) user_task_kernel_ticks++;
    apic_end_of_interrupt();
    // Programs are preempted; kernel threads give the processor up themselves. Last of all: what follows
    // schedule() runs when this task's turn has come again.
    if (current()->is_user()) schedule();
}

void serial_interrupt(InterruptFrame&) {
    for (int byte = serial_get(); byte >= 0; byte = serial_get()) tty_input(static_cast<char>(byte));
    console_transmit();
    apic_end_of_interrupt();
}

/// The local APIC's way of saying that an interrupt went away before it could be delivered. It wants no
/// end-of-interrupt.
void spurious_interrupt(InterruptFrame&) {}

}  // namespace

const char* init_devices(uint32_t hz) {
    if (const char* error = init_apic()) return error;
    init_timer(hz);
    set_interrupt_handler(kSpuriousVector, spurious_interrupt);
    set_interrupt_handler(kTimerVector, timer_interrupt);
    set_interrupt_handler(kSerialVector, serial_interrupt);
    ioapic_route(kSerialIrq, kSerialVector);
    serial_enable_interrupts(false);
    console_use_ring();
    apic_start_timer(hz);
    return nullptr;
}
