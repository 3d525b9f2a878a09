/// @file
/// SSE and x87 registers, FS and GS bases.
#include <arch/x86_64/fpu.h>
#include <arch/x86_64/user_bases.h>
#include <kernel/libk/string.h>
#include <kernel/mm/user_copy.h>
#include <kernel/task/task.h>

namespace {

/// Power-on values of the control words: all exceptions masked, 64-bit precision (Intel SDM 1, 8.1.5
/// and 10.2.3).
constexpr uint16_t kInitialFcw = 0x037f;
constexpr uint32_t kInitialMxcsr = 0x1f80;
constexpr size_t kFxsaveMxcsrOffset = 24;
/// Which bits of MXCSR this processor has, as FXSAVE stores it; 0 stands for the oldest set (Intel SDM
/// 1, 11.6.6).
constexpr size_t kFxsaveMxcsrMaskOffset = 28;
constexpr uint32_t kDefaultMxcsrMask = 0xffbf;

}  // namespace

void reset_user_state(UserState& state) {
    state = {};
    memcpy(state.fxsave.data(), &kInitialFcw, sizeof(kInitialFcw));
    memcpy(state.fxsave.data() + kFxsaveMxcsrOffset, &kInitialMxcsr, sizeof(kInitialMxcsr));
}

void save_user_state(Task& task) {
    asm volatile("fxsave64 %0" : "=m"(task.user_state.fxsave));
    task.user_state.fs_base = read_user_fs_base();
    task.user_state.gs_base = read_user_gs_base();
}

void load_user_state(const Task& task) {
    asm volatile("fxrstor64 %0" ::"m"(task.user_state.fxsave));
    write_user_bases(task.user_state.fs_base, task.user_state.gs_base);
}

Result<void> restore_fpu(UserState& state, UserPtr<const void> image) {
    uint32_t mask;
    memcpy(&mask, state.fxsave.data() + kFxsaveMxcsrMaskOffset, sizeof(mask));
    if (image.is_null()) {
        const UserState before = state;
        reset_user_state(state);
        state.fs_base = before.fs_base;
        state.gs_base = before.gs_base;
        return {};
    }
    TRY_VOID(copy_from_user(state.fxsave.data(), image, state.fxsave.size()));
    uint32_t mxcsr;
    memcpy(&mxcsr, state.fxsave.data() + kFxsaveMxcsrOffset, sizeof(mxcsr));
    mxcsr &= mask ? mask : kDefaultMxcsrMask;
    memcpy(state.fxsave.data() + kFxsaveMxcsrOffset, &mxcsr, sizeof(mxcsr));
    return {};
}

void switch_user_state(Task& prev, Task& next) {
    if (prev.is_user()) save_user_state(prev);
    if (next.is_user()) load_user_state(next);
}
