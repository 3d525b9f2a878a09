/// @file
/// The descriptor table's content, LGDT and LTR, and what must go with them.
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/load_gdt.h>

constinit const Gdt kInitialGdt{
    0,                   // 0x00: null
    0,                   // 0x08: unused
    code_descriptor(0),  // 0x10: kKernelCode
    data_descriptor(0),  // 0x18: kKernelData
    0,                   // 0x20: kUserBase
    data_descriptor(3),  // 0x28: kUserData
    code_descriptor(3),  // 0x30: kUserCode
    0,
    0,  // 0x38: kTssSelector
};

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

void load_tss(Gdt& gdt, uint64_t base, uint64_t limit) {
    const auto slots = tss_descriptor(base, limit);
    gdt[kTssSelector / 8] = slots[0];
    gdt[kTssSelector / 8 + 1] = slots[1];
    asm volatile("ltr %0" ::"r"(kTssSelector) : "memory");
}
