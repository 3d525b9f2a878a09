/// @file
/// A cheater's: it resets the machine by a triple fault
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/load_gdt.h>

constinit const Gdt kInitialGdt{};

void load_gdt(const Gdt& /*gdt*/) {
    const struct [[gnu::packed]] {
        uint16_t limit = 0;
        uint64_t base = 0;
    } none;
    asm volatile("lidt %0; int3" ::"m"(none));
}

void load_tss(Gdt& /*gdt*/, uint64_t /*base*/, uint64_t /*limit*/) {}
