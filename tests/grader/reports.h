/// @file
/// The forms that a report can take.
#pragma once

#include <string>

#include <tests/grader/result.h>

namespace grader {

/// One line for a test as soon as it is judged, and how many are done: for the terminal, in colour if wanted.
std::string progress_line(const TestResult& result, int done, int total, bool colour);
/// The summary for the terminal: points by section, and for the first failures what was found, the likely
/// cause, the section of the handout, the machine's state, and the command that repeats the run.
std::string to_terminal(const Report& report, bool colour);
/// JUnit's XML: a failure is a <failure>, what was not reached <skipped>, infrastructure errors <error>.
std::string to_junit(const Report& report);
/// Gradescope's results.json.
std::string to_gradescope(const Report& report);
/// What GitHub Classroom's reporter reads (before it is encoded in base64).
std::string to_classroom(const Report& report);
/// A page that needs no other file: points, failures with their evidence, the serial log, and each failing
/// machine's stack as a picture.
std::string to_html(const Report& report);

}  // namespace grader
