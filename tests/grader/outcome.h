/// @file
/// What the running test has to say about itself besides GoogleTest's pass or fail.
#pragma once

#include <string>

#include <tests/grader/result.h>

namespace grader {

/// Of the test that runs now, from its start to its end.
struct Outcome {
    std::string hint;                  ///< the likely cause, if the test named one
    std::string hint_at_failure;       ///< what `hint` was at the first failure
    std::string infrastructure_error;  ///< why the test could not be carried out
    Evidence evidence;
    bool failed = false;

    static Outcome& current();
};

}  // namespace grader
