/// @file
/// What the machine does when the kernel has said its last words.
#pragma once

/// Makes panics end QEMU with an exit code (for scripts) instead of leaving the machine halted for a
/// debugger.
void set_panic_exit(bool exit);
/// Stops the machine. Any context.
[[noreturn]] void finish_panic();
/// Turns the machine off, as reboot(2) asks for. Task context.
[[noreturn]] void power_off();
