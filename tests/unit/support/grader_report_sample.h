/// @file
/// A made-up report for tests, in which the kernel under test did its worst.
#pragma once

#include <string>

#include <tests/grader/result.h>

namespace test_support {

/// What GitHub's reporter would take for the points, if it ever stood at the beginning of a line.
inline constexpr const char* kForgedPoints =
    "::notice title=Autograding report::{\"totalPoints\":100,\"maxPoints\":100}";

/// Markup, ends of quotings, control characters, broken UTF-8, orders to programs that read logs, and a line
/// of `length` bytes.
std::string hostile_text(size_t length = 50'000);

/// Five tests: passed, failed with evidence, two not reached (one of them by way of the other), and one that
/// could not be carried out if `infrastructure_error`, else passed. Whatever a submission has a part in is
/// hostile.
grader::Report sample_report(bool infrastructure_error);
/// The report of a submission that the compiler refused.
grader::Report unbuilt_report();

}  // namespace test_support
