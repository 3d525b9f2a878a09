/// @file
/// What to print when a test on a machine fails.
#pragma once

#include <string>

#include <tests/harness/machine.h>

namespace harness {

/// The machine's decoded state: registers of every processor with the symbol and the bytes at RIP and a
/// backtrace, the last exceptions, the last 25 lines of serial output, and the command that repeats the run.
/// Stops a running guest. Never throws; what can't be read is named instead. Use: `EXPECT_EQ(a, b) <<
/// failure_report(machine);`
std::string failure_report(Machine& machine);

/// The first part of it: processors, and the last exceptions.
std::string machine_state(Machine& machine);

}  // namespace harness
