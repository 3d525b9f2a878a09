/// @file
/// Offsets that the entry paths and the tests use besides those of Task, listed with the macros of
/// asm_offsets.cpp.
#pragma once

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/pcr.h>
#include <arch/x86_64/syscall_frame.h>
#include <kernel/syscall/table.h>

/// Their list.
#define ENTRY_OFFSETS()                                                                 \
    OFFSET(ProcessorControlRegion, self);                                               \
    OFFSET(ProcessorControlRegion, gdt);                                                \
    OFFSET(ProcessorControlRegion, current);                                            \
    OFFSET(ProcessorControlRegion, scratch_rsp);                                        \
    OFFSET(ProcessorControlRegion, cpu);                                                \
    CONSTANT(OFFSETOF_ProcessorControlRegion_rsp0,                                      \
             offsetof(ProcessorControlRegion, tss) + offsetof(TaskStateSegment, rsp0)); \
    OFFSET(SyscallFrame, rax);                                                          \
    OFFSET(SyscallFrame, r11);                                                          \
    OFFSET(SyscallFrame, rcx);                                                          \
    CONSTANT(IA32_GS_BASE, kIA32_GS_BASE);                                              \
    CONSTANT(INTERRUPT_FRAME_SIZE, sizeof(InterruptFrame));                             \
    CONSTANT(SYSCALL_COUNT, kSyscallCount);                                             \
    CONSTANT(ENOSYS, static_cast<int>(Errno::kENOSYS));                                 \
    CONSTANT(RFLAGS_TF_RF, kRFLAGS_TF | kRFLAGS_RF)
