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

/// Loads all that XCR0 names, where there is XSAVE; save_user_state() has stored as much.
void load_fpu(const FpuState& state) {
    if (cpu_features.xsave)
        asm volatile("xrstor64 %0" ::"m"(state), "a"(~0u), "d"(~0u));
    else
        asm volatile("fxrstor64 %0" ::"m"(state));
}

}  // namespace

void save_user_state(Task& task) {
    UserState& state = task.user_state;
    if (cpu_features.xsave)
        asm volatile("xsave64 %0" : "+m"(state.fpu) : "a"(~0u), "d"(~0u));
    else
        asm volatile("fxsave64 %0" : "=m"(state.fpu));
    state.fs_base = read_user_fs_base();
    state.gs_base = read_user_gs_base();
}

void load_user_state(const Task& task) {
    load_fpu(task.user_state.fpu);
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
    if (prev.is_user()) save_user_state(prev);
    if (!next.is_user()) return;
    const UserState& from = prev.user_state;
    const UserState& to = next.user_state;
    load_fpu(to.fpu);
    // Most programs have the same bases, none, and they are dear to set.
    if (!prev.is_user() || from.fs_base != to.fs_base || from.gs_base != to.gs_base) [[unlikely]]
        write_user_bases(to.fs_base, to.gs_base);
}
