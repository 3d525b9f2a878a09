/// @file
/// Detection of optional processor features.
#include <arch/x86_64/cpu.h>

CpuFeatures cpu_features;

void init_cpu_features() {
    // Intel SDM 2A, CPUID: leaf 1 and leaf 7.
    const CpuidResult leaf1 = cpuid(1);
    cpu_features.rdrand = (leaf1.ecx & 1u << 30) != 0;
    cpu_features.xsave = (leaf1.ecx & 1u << 26) != 0;
    cpu_features.avx = cpu_features.xsave && (leaf1.ecx & 1u << 28) != 0;
    if (cpuid(0).eax >= 7) {
        const CpuidResult leaf7 = cpuid(7);
        cpu_features.fsgsbase = (leaf7.ebx & 1u << 0) != 0;
        cpu_features.smep = (leaf7.ebx & 1u << 7) != 0;
        cpu_features.smap = (leaf7.ebx & 1u << 20) != 0;
        cpu_features.umip = (leaf7.ecx & 1u << 2) != 0;
    }
    uint64_t cr4 = read_cr<4>() | kCR4_PGE | kCR4_OSFXSR | kCR4_OSXMMEXCPT;
    if (cpu_features.xsave) cr4 |= kCR4_OSXSAVE;
    if (cpu_features.smep) cr4 |= kCR4_SMEP;
    if (cpu_features.smap) cr4 |= kCR4_SMAP;
    if (cpu_features.umip) cr4 |= kCR4_UMIP;
    if (cpu_features.fsgsbase) cr4 |= kCR4_FSGSBASE;
    write_cr<4>(cr4);
    if (cpu_features.xsave) write_xcr0(user_xcr0());
    // x87 and SSE belong to the programs; the kernel itself is compiled without them.
    write_cr<0>((read_cr<0>() & ~(kCR0_EM | kCR0_TS)) | kCR0_MP | kCR0_NE | kCR0_WP);
}
