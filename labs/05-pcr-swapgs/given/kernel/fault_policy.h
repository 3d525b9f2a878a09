/// @file
/// What happens when a program faults: with the bug found, a program may fail again without stopping the
/// machine.
#pragma once

/// True: the machine stops with a full report, as for a fault of the kernel. False: the program is killed and
/// the kernel lives. `faults=stop` or `faults=kill` on the kernel's command line overrides it.
inline constexpr bool kStopAtProgramFault = false;

/// The policy in force; set at boot.
extern bool stop_at_program_fault;
