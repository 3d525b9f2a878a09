/// @file
/// For assembly: the operand that says which stack a system call enters on.
#pragma once
// This is assembly.
// clang-format off

/// The word in this processor's TSS that interrupts use as well.
#define ENTRY_STACK %gs:OFFSETOF_ProcessorControlRegion_rsp0
