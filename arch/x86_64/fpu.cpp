/// @file
/// SSE and x87 registers, FS and GS bases.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/fpu.h>
#include <kernel/libk/string.h>
#include <kernel/task/task.h>

namespace {

/// Power-on values of the control words: all exceptions masked, 64-bit precision (Intel SDM 1, 8.1.5
/// and 10.2.3).
constexpr uint16_t kInitialFcw = 0x037f;
constexpr uint32_t kInitialMxcsr = 0x1f80;
constexpr size_t kFxsaveMxcsrOffset = 24;

// With FSGSBASE a program changes its bases without telling; without it only arch_prctl(2) does.
uint64_t read_fs_base() {
    if (!cpu_features.fsgsbase) return rdmsr(kIA32_FS_BASE);
    uint64_t base;
    asm volatile("rdfsbase %0" : "=r"(base));
    return base;
}

uint64_t read_gs_base() {
    if (!cpu_features.fsgsbase) return rdmsr(kIA32_GS_BASE);
    uint64_t base;
    asm volatile("rdgsbase %0" : "=r"(base));
    return base;
}

void write_fs_gs_base(uint64_t fs, uint64_t gs) {
    if (cpu_features.fsgsbase) {
        asm volatile("wrfsbase %0; wrgsbase %1" ::"r"(fs), "r"(gs));
    } else {
        wrmsr(kIA32_FS_BASE, fs);
        wrmsr(kIA32_GS_BASE, gs);
    }
}

}  // namespace

void reset_user_state(UserState& state) {
    state = {};
    memcpy(state.fxsave.data(), &kInitialFcw, sizeof(kInitialFcw));
    memcpy(state.fxsave.data() + kFxsaveMxcsrOffset, &kInitialMxcsr, sizeof(kInitialMxcsr));
}

void save_user_state(Task& task) {
    asm volatile("fxsave64 %0" : "=m"(task.user_state.fxsave));
    task.user_state.fs_base = read_fs_base();
    task.user_state.gs_base = read_gs_base();
}

void load_user_state(const Task& task) {
    asm volatile("fxrstor64 %0" ::"m"(task.user_state.fxsave));
    write_fs_gs_base(task.user_state.fs_base, task.user_state.gs_base);
}

void switch_user_state(Task& prev, Task& next) {
    if (prev.is_user()) save_user_state(prev);
    if (next.is_user()) load_user_state(next);
}
