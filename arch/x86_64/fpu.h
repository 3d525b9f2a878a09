/// @file
/// The part of a program's registers that the kernel itself never uses and so need not save at every entry.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <kernel/libk/address.h>
#include <kernel/libk/result.h>

struct Task;

/// x87, SSE and AVX registers in XSAVE's standard format (Intel SDM 1, 13.4). Its first 512 bytes are
/// FXSAVE's (10.5.1), and all there is where the processor has no XSAVE. FpuState{} is what a new program
/// starts with: all registers zero, exceptions masked (System V ABI, 3.4.1).
struct FpuState {
    uint16_t fcw = 0x037f;          ///< x87 control word; at first all exceptions masked, 64-bit precision
    std::array<std::byte, 22> x87;  ///< status, tags, last instruction and operand
    uint32_t mxcsr = 0x1f80;        ///< SSE control; at first all exceptions masked
    uint32_t mxcsr_mask = 0;        ///< which bits of it there are, once stored; 0: kDefaultMxcsrMask
    std::array<std::byte, 480> legacy;  ///< ST and XMM registers
    uint64_t present = 0;  ///< of the header: which states are not in their initial configuration
    std::array<uint64_t, 7> reserved{};  ///< of the header: 0, or XRSTOR faults
    std::array<std::byte, 256> avx{};  ///< the upper halves of YMM0 to YMM15, where every processor has them
};
static_assert(sizeof(FpuState) == 832);
static_assert(offsetof(FpuState, mxcsr) == 24);

/// An FpuState and the bases of FS and GS.
struct UserState {
    alignas(64) FpuState fpu;  ///< what XSAVE or FXSAVE stores
    uint64_t fs_base = 0;      ///< address that FS adds in ring 3
    uint64_t gs_base = 0;      ///< address that GS adds in ring 3
};

/// Puts the current task's registers into its UserState, so that a child can copy them.
/// Task context.
void save_user_state(Task& task);
/// Loads what `task`'s UserState says into the processor. Task context, or IF=0.
void load_user_state(const Task& task);
/// Puts the image that a signal's handler has left at `image` (0: none; the registers are reset) into
/// `state`, without anything that XRSTOR or FXRSTOR would refuse. EFAULT. Task context.
Result<void> restore_fpu(FpuState& state, UserPtr<const void> image);
/// Exchanges the registers of two tasks; either may be a kernel thread, which has none. IF=0.
void switch_user_state(Task& prev, Task& next);
