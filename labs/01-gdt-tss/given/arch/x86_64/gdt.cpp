/// @file
/// The global descriptor table.
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/load_gdt.h>

namespace {

/// Writable: LTR marks the TSS busy in it.
Gdt gdt = kInitialGdt;

}  // namespace

void init_gdt() {
    load_gdt(gdt);
}

void load_tss(uint64_t base, uint64_t limit) {
    const auto slots = tss_descriptor(base, limit);
    gdt[kTssSelector / 8] = slots[0];
    gdt[kTssSelector / 8 + 1] = slots[1];
    asm volatile("ltr %0" ::"r"(kTssSelector) : "memory");
}
