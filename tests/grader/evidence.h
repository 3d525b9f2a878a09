/// @file
/// Reading what a failing machine looks like.
#pragma once

#include <tests/grader/result.h>
#include <tests/harness/machine.h>

namespace grader {

/// The machine's state for the report. Stops a running guest. Never throws; what can't be read is named.
Evidence collect_evidence(harness::Machine& machine);

}  // namespace grader
