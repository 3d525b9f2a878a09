/// @file
/// Each processor's global descriptor table, and the GS base that leads to it.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/pcr.h>
#include <kernel/libk/todo.h>

ProcessorControlRegion boot_pcr;

void use_region(ProcessorControlRegion& /*region*/) {
    // TODO(lab5.1): `region`, and no other, is this processor's: GS leads to it, it knows its own address,
    // and the GDT in force is the one inside of it. Nothing of it is visible through the base that ring 3
    // will get.
    todo("lab5.1", "no region belongs to this processor yet");
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
