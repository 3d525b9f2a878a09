/// @file
/// Each processor's global descriptor table, and the GS base that leads to it.
/// Invariant: docs/invariants/swapgs-parity.md.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/pcr.h>

ProcessorControlRegion boot_pcr;

void use_region(ProcessorControlRegion& region) {
    region.self = &region;
    region.gdt = kInitialGdt;
    load_gdt(region.gdt);
    // Loading GS cleared its base. From here on it is the PCR in ring 0, and the program's own in ring 3:
    // SWAPGS at every crossing exchanges the two.
    wrmsr(kIA32_GS_BASE, reinterpret_cast<uint64_t>(&region));
    wrmsr(kIA32_KERNEL_GS_BASE, 0);
}

void init_gdt() {
    use_region(boot_pcr);
}

void load_tss(uint64_t base, uint64_t limit) {
    const auto slots = tss_descriptor(base, limit);
    pcr().gdt[kTssSelector / 8] = slots[0];
    pcr().gdt[kTssSelector / 8 + 1] = slots[1];
    asm volatile("ltr %0" ::"r"(kTssSelector) : "memory");
}
