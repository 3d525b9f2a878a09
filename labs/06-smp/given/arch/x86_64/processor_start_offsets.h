/// @file
/// Offsets that trampoline.S uses, listed with the macros of asm_offsets.cpp.
#pragma once

#include <arch/x86_64/processor_start.h>

/// Their list.
#define PROCESSOR_START_OFFSETS()   \
    OFFSET(ProcessorStart, cr3);    \
    OFFSET(ProcessorStart, stack);  \
    OFFSET(ProcessorStart, region); \
    CONSTANT(SIZEOF_ProcessorStart, sizeof(ProcessorStart))
