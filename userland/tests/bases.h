/// @file
/// The FS and GS bases as a program reaches them: arch_prctl(2), memory operands, and the instructions of
/// processors with FSGSBASE.
#pragma once

#include <cstdint>

#include <userland/lib/syscall.h>

inline constexpr long SYS_arch_prctl = 158;
enum : long { ARCH_SET_GS = 0x1001, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004 };

inline long arch_prctl(long command, uint64_t address) {
    return syscall(SYS_arch_prctl, command, address);
}

/// Whether ring 3 may execute RDFSBASE and its kin: the kernel allows it where the processor has them (Intel
/// SDM 2A, CPUID, leaf 7).
inline bool has_fsgsbase() {
    uint32_t eax = 0, ebx, ecx = 0, edx;
    asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if (eax < 7) return false;
    eax = 7;
    ecx = 0;
    asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (ebx & 1) != 0;
}

inline uint64_t read_fs_base() {
    uint64_t base;
    asm volatile("rdfsbase %0" : "=r"(base));
    return base;
}
inline uint64_t read_gs_base() {
    uint64_t base;
    asm volatile("rdgsbase %0" : "=r"(base));
    return base;
}
inline void write_fs_base(uint64_t base) {
    asm volatile("wrfsbase %0" ::"r"(base));
}
inline void write_gs_base(uint64_t base) {
    asm volatile("wrgsbase %0" ::"r"(base));
}

/// The word that the base points to. Works on every processor.
inline uint64_t word_at_fs() {
    uint64_t word;
    asm volatile("mov %%fs:0, %0" : "=r"(word));
    return word;
}
inline uint64_t word_at_gs() {
    uint64_t word;
    asm volatile("mov %%gs:0, %0" : "=r"(word));
    return word;
}
