/// @file
/// The task state segment of each processor, in its PCR.
#pragma once

#include <arch/x86_64/task_state_segment.h>

/// Gives this processor's TSS its interrupt stacks, loads it, and sends NMI, #DB, #MC and #DF to them.
/// Interrupts off; needs paging and the PCR. Panics when memory is out.
void init_tss();
