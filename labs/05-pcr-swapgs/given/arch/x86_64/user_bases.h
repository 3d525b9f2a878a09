/// @file
/// Where a program's FS and GS bases are while the kernel runs: FS still in its register; GS, since the
/// entry's SWAPGS, in KERNEL_GS_BASE, from where the exit's SWAPGS brings it back.
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu.h>

/// The FS base of the program that entered the kernel. Task context, or IF=0.
inline uint64_t read_user_fs_base() {
    if (!cpu_features.fsgsbase) return rdmsr(kIA32_FS_BASE);
    uint64_t base;
    asm volatile("rdfsbase %0" : "=r"(base));
    return base;
}

/// The GS base of the program that entered the kernel. Task context, or IF=0.
inline uint64_t read_user_gs_base() {
    return rdmsr(kIA32_KERNEL_GS_BASE);
}

/// Sets the bases that the program will find in ring 3. Both must be canonical, or WRMSR faults.
/// Task context, or IF=0.
inline void write_user_bases(uint64_t fs, uint64_t gs) {
    if (cpu_features.fsgsbase)
        asm volatile("wrfsbase %0" ::"r"(fs));
    else
        wrmsr(kIA32_FS_BASE, fs);
    wrmsr(kIA32_KERNEL_GS_BASE, gs);
}
