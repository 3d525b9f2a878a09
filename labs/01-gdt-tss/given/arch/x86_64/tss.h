/// @file
/// The processor's task state segment.
#pragma once

#include <arch/x86_64/task_state_segment.h>

/// This processor's TSS.
extern "C" TaskStateSegment tss;

/// Gives the TSS its interrupt stacks, loads it, and sends NMI, #DB, #MC and #DF to them. Interrupts off;
/// needs paging. Panics when memory is out.
void init_tss();
