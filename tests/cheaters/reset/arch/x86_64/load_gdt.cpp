/// @file
/// A cheater's: it resets the machine
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/load_gdt.h>

constinit const Gdt kInitialGdt{};

void load_gdt(const Gdt& /*gdt*/) {
    for (;;) asm volatile("outb %0, %1" ::"a"(uint8_t{6}), "d"(uint16_t{0xcf9}));
}

void load_tss(Gdt& /*gdt*/, uint64_t /*base*/, uint64_t /*limit*/) {}
