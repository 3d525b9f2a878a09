/// @file
/// The kernel's check of itself at each boot.
#pragma once

/// Exercises memory, page tables, timer and scheduler, prints one line for all, and panics naming what is
/// wrong. On the boot task, IF=0, interrupt controllers up; takes a few ticks.
void self_check();
