/// @file
/// LGDT, and what must follow it.
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/load_gdt.h>

void load_gdt(const Gdt& gdt) {
    const struct [[gnu::packed]] {
        uint16_t limit;  // the last valid byte
        const void* base;
    } pointer{sizeof(Gdt) - 1, gdt.data()};
    // CS can't be moved to: a far return pops it, here with the address of the next line. SS, DS and ES get
    // ring 0 data; FS and GS are null, their bases are set by other means.
    asm volatile(
        "lgdt %0\n"
        "pushq %1\n"
        "leaq 1f(%%rip), %%rax\n"
        "pushq %%rax\n"
        "lretq\n"
        "1: mov %2, %%ss\n"
        "mov %2, %%ds\n"
        "mov %2, %%es\n"
        "mov %3, %%fs\n"
        "mov %3, %%gs\n" ::"m"(pointer),
        "i"(kKernelCode), "r"(kKernelData), "r"(0)
        : "rax", "memory");
}
