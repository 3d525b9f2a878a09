/// @file
/// The interrupt descriptor table: gates, and who gets which vector.
#include <array>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/exceptions.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/interrupt_check.h>
#include <kernel/debug/trace.h>
#include <kernel/libk/panic.h>

namespace {

/// A 64-bit interrupt gate (Intel SDM 3A, figure 6-8).
struct Gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;   ///< bits 0 to 2
    uint8_t type;  ///< present, DPL, type 14: interrupt gate, which clears IF
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
static_assert(sizeof(Gate) == 16);

constexpr uint8_t kPresentInterruptGate = 0x8e;
constexpr uint8_t kDpl3 = 0x60;
/// Distance between two stubs in interrupt_stubs.S.
constexpr uint64_t kStubSize = 16;

std::array<Gate, 256> idt;
std::array<InterruptHandler, 256> handlers;

extern "C" char interrupt_stubs[];

void handle_interrupt(InterruptFrame* frame) {
    check_interrupt_entry(*frame);
    if (frame->vector < kExceptionCount)
        handle_exception(*frame);
    else if (InterruptHandler handler = handlers[frame->vector])
        handler(*frame);
    else
        panic("interrupt on vector %u, which nobody handles", static_cast<unsigned>(frame->vector));
}

}  // namespace

void init_idt() {
    for (uint32_t vector = 0; vector < idt.size(); vector++)
        set_gate(static_cast<uint8_t>(vector),
                 reinterpret_cast<void (*)()>(interrupt_stubs + vector * kStubSize), 0);
    load_idt();
}

void load_idt() {
    // The limit is the last valid byte, so it is derived, never typed.
    const struct [[gnu::packed]] {
        uint16_t limit;
        uint64_t base;
    } pointer{sizeof(idt) - 1, reinterpret_cast<uint64_t>(idt.data())};
    asm volatile("lidt %0" ::"m"(pointer));
}

void set_gate(uint8_t vector, void (*entry)(), uint8_t ist) {
    const uint64_t address = reinterpret_cast<uint64_t>(entry);
    // Only INT3 may be executed by programs; any other INT n from ring 3 is #GP.
    const uint8_t type = vector == kBP ? kPresentInterruptGate | kDpl3 : kPresentInterruptGate;
    idt[vector] = {static_cast<uint16_t>(address),
                   kKernelCode,
                   ist,
                   type,
                   static_cast<uint16_t>(address >> 16),
                   static_cast<uint32_t>(address >> 32),
                   0};
}

void set_interrupt_handler(uint8_t vector, InterruptHandler handler) {
    KASSERT(vector >= kExceptionCount);
    handlers[vector] = handler;
}

/// Every interrupt and exception comes here from interrupt_entry.S, with IF=0.
extern "C" void interrupt_dispatch(InterruptFrame* frame) {
    // A program's or a user copy's AC flag would suspend SMAP for the handler.
    if (cpu_features.smap) clac();
    trace_interrupt(frame, handle_interrupt);
}
