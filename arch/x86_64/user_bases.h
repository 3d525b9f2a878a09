/// @file
/// Where a program's FS and GS bases are while the kernel runs: still in the registers, since the kernel
/// itself uses neither.
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu.h>

// With FSGSBASE a program changes its bases without telling; without it only arch_prctl(2) does.

/// The FS base of the program that entered the kernel. Task context, or IF=0.
inline uint64_t read_user_fs_base() {
    if (!cpu_features.fsgsbase) return rdmsr(kIA32_FS_BASE);
    uint64_t base;
    asm volatile("rdfsbase %0" : "=r"(base));
    return base;
}

/// The GS base of the program that entered the kernel. Task context, or IF=0.
inline uint64_t read_user_gs_base() {
    if (!cpu_features.fsgsbase) return rdmsr(kIA32_GS_BASE);
    uint64_t base;
    asm volatile("rdgsbase %0" : "=r"(base));
    return base;
}

/// Sets the bases that the program will find in ring 3. Both must be canonical, or WRMSR faults.
/// Task context, or IF=0.
inline void write_user_bases(uint64_t fs, uint64_t gs) {
    if (cpu_features.fsgsbase) {
        asm volatile("wrfsbase %0; wrgsbase %1" ::"r"(fs), "r"(gs));
    } else {
        wrmsr(kIA32_FS_BASE, fs);
        wrmsr(kIA32_GS_BASE, gs);
    }
}
