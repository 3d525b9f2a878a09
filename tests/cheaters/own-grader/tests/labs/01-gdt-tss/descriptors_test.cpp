/// @file
/// A cheater's: tests that nobody can fail.
#include <tests/grader/graded_test.h>

namespace {

class Nothing : public grader::GradedTest {};

GRADED(Nothing, Passes, {.title = "it is so", .section = "1.1", .points = 100, .hint = "none"}) {}

}  // namespace
