/// @file
/// For assembly: the operand that says which stack a system call enters on.
#pragma once
// This is assembly.
// clang-format off

#define ENTRY_STACK %gs:OFFSETOF_ProcessorControlRegion_rsp0
