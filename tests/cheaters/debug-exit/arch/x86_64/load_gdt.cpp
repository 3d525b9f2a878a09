/// @file
/// A cheater's: it ends QEMU with an exit status of its choice
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/load_gdt.h>

constinit const Gdt kInitialGdt{};

void load_gdt(const Gdt& /*gdt*/) {
    for (uint32_t value = 0;; value++) asm volatile("outl %0, %1" ::"a"(value), "Nd"(uint16_t{0xf4}));
}

void load_tss(Gdt& /*gdt*/, uint64_t /*base*/, uint64_t /*limit*/) {}
