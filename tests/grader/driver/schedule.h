/// @file
/// The order in which tests run: several at a time, each after those that it needs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tests/grader/result.h>

namespace grader {

/// Runs each of `tests` by `run`, in up to `jobs` threads, and returns the results in the order of `tests`. A
/// test that needs one which did not pass is not run: it is not reached, or an infrastructure error as that
/// one was. `finished` is called with each result as it comes, by one thread at a time. `run` must not throw.
std::vector<TestResult> run_in_order(const std::vector<TestInfo>& tests, unsigned jobs,
                                     const std::function<TestResult(const TestInfo&)>& run,
                                     const std::function<void(const TestResult&)>& finished);

}  // namespace grader
