/// @file
/// What happens when a program faults: from chapter 3 on the programs are known to be right, so that a fault
/// of theirs must be the kernel's.
#pragma once

/// True: the machine stops with a full report, as for a fault of the kernel. False: the program is killed and
/// the kernel lives. `faults=stop` or `faults=kill` on the kernel's command line overrides it.
inline constexpr bool kStopAtProgramFault = true;

/// The policy in force; set at boot.
extern bool stop_at_program_fault;
