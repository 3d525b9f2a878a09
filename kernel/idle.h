/// @file
/// What the boot task becomes once everything runs.
#pragma once

/// The boot task's life after boot: rests while nobody has work. Task context, IF=0, interrupts set up.
[[noreturn]] void idle_loop();
