/// @file
/// x87, SSE and AVX registers, FS and GS bases.
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/fpu.h>
#include <arch/x86_64/user_bases.h>
#include <kernel/mm/user_copy.h>
#include <kernel/task/task.h>

namespace {

/// The bits of MXCSR that the oldest processors have (Intel SDM 1, 11.6.6).
constexpr uint32_t kDefaultMxcsrMask = 0xffbf;

/// Stores all that XCR0 names, where there is XSAVE.
template <bool xsave>
void save_fpu(FpuState& state) {
    if constexpr (xsave)
        asm volatile("xsave64 %0" : "+m"(state) : "a"(~0u), "d"(~0u));
    else
        asm volatile("fxsave64 %0" : "=m"(state));
}

/// Loads what save_fpu() has stored.
template <bool xsave>
void load_fpu(const FpuState& state) {
    if constexpr (xsave)
        asm volatile("xrstor64 %0" ::"m"(state), "a"(~0u), "d"(~0u));
    else
        asm volatile("fxrstor64 %0" ::"m"(state));
}

void save_bases(UserState& state) {
    state.fs_base = read_user_fs_base();
    state.gs_base = read_user_gs_base();
}

}  // namespace

void save_user_state(Task& task) {
    cpu_features.xsave ? save_fpu<true>(task.user_state.fpu) : save_fpu<false>(task.user_state.fpu);
    save_bases(task.user_state);
}

void load_user_state(const Task& task) {
    cpu_features.xsave ? load_fpu<true>(task.user_state.fpu) : load_fpu<false>(task.user_state.fpu);
    write_user_bases(task.user_state.fs_base, task.user_state.gs_base);
}

Result<void> restore_fpu(FpuState& fpu, UserPtr<const void> image) {
    if (image.is_null()) {
        fpu = {};
        return {};
    }
    const uint32_t mask = fpu.mxcsr_mask ? fpu.mxcsr_mask : kDefaultMxcsrMask;
    TRY_VOID(copy_from_user(&fpu, image, sizeof(fpu)));
    fpu.mxcsr &= mask;
    fpu.present &= user_xcr0();
    fpu.reserved = {};
    return {};
}

void switch_user_state(Task& prev, Task& next) {
    if (!prev.is_user() || !next.is_user()) {
        if (prev.is_user()) save_user_state(prev);
        if (next.is_user()) load_user_state(next);
        return;
    }
    UserState& from = prev.user_state;
    const UserState& to = next.user_state;
    if (cpu_features.xsave) [[likely]] {
        save_fpu<true>(from.fpu);
        load_fpu<true>(to.fpu);
    } else {
        save_fpu<false>(from.fpu);
        load_fpu<false>(to.fpu);
    }
    save_bases(from);
    // Most programs have the same ones, none, and they are dear to set.
    if (from.fs_base != to.fs_base || from.gs_base != to.gs_base) [[unlikely]]
        write_user_bases(to.fs_base, to.gs_base);
}
