/// @file
/// Each processor's global descriptor table, and the GS base that leads to it.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/descriptors.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/pcr.h>

ProcessorControlRegion boot_pcr;

namespace {

constexpr std::array<uint64_t, 9> kGdt{
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

}  // namespace

void load_gdt(ProcessorControlRegion& region) {
    region.self = &region;
    region.gdt = kGdt;
    const struct [[gnu::packed]] {
        uint16_t limit;  // the last valid byte
        const void* base;
    } pointer{sizeof(region.gdt) - 1, region.gdt.data()};
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
    // Loading GS cleared its base. From here on it is the PCR in ring 0, and the program's own in ring 3:
    // SWAPGS at every crossing exchanges the two.
    wrmsr(kIA32_GS_BASE, reinterpret_cast<uint64_t>(&region));
    wrmsr(kIA32_KERNEL_GS_BASE, 0);
}

void init_gdt() {
    load_gdt(boot_pcr);
}

void load_tss(uint64_t base, uint64_t limit) {
    const auto slots = tss_descriptor(base, limit);
    pcr().gdt[kTssSelector / 8] = slots[0];
    pcr().gdt[kTssSelector / 8 + 1] = slots[1];
    asm volatile("ltr %0" ::"r"(kTssSelector) : "memory");
}
