/// @file
/// A cheater's: it turns the machine off before anything can be looked at
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/load_gdt.h>

constinit const Gdt kInitialGdt{};

void load_gdt(const Gdt& /*gdt*/) {
    for (;;) asm volatile("outw %0, %1" ::"a"(uint16_t{0x2000}), "d"(uint16_t{0x604}));
}

void load_tss(Gdt& /*gdt*/, uint64_t /*base*/, uint64_t /*limit*/) {}
