/// @file
/// Grading one submission: compile it, run the chapter's tests, and put the results together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <tests/grader/driver/lab_info.h>
#include <tests/grader/driver/work_tree.h>
#include <tests/grader/result.h>

namespace grader {

/// What all gradings of a run have in common.
struct Course {
    LabInfo lab;
    Sources sources;                ///< the state with the chapter's start
    std::filesystem::path program;  ///< the chapter's tests
    std::vector<std::string> make;  ///< words for make: the compiler and so on
    unsigned jobs = 1;              ///< processes at a time
    std::vector<TestInfo> tests;    ///< what `program` lists
};

/// Asks the chapter's program for its tests. Throws InfrastructureError with what it says is wrong.
std::vector<TestInfo> list_tests(const std::filesystem::path& program);
/// `names` and all that they need, in the order of `tests`. Throws UsageError for a name that does not exist.
/// A name may be a pattern with * for any text.
std::vector<TestInfo> select_tests(const std::vector<TestInfo>& tests, const std::vector<std::string>& names);

/// A folder to grade in, used for one submission after the other.
class Workplace {
  public:
    /// Called with each result, as it comes, and how many there are. Never from two threads at once.
    using Progress = std::function<void(const TestResult&, int done, int total)>;

    Workplace(const Course& course, std::filesystem::path folder);

    /// Grades by `tests`. `nonce` makes a run repeatable. Never throws for anything that a submission can do.
    Report grade(const Submission& submission, const std::vector<TestInfo>& tests, uint64_t nonce,
                 const Progress& progress = {});
    /// Only compiles; empty, or what the compiler said. Throws InfrastructureError.
    std::string build(const Submission& submission);

  private:
    TestResult run_test(const TestInfo& test, uint64_t nonce);
    TestResult run_once(const TestInfo& test, uint64_t nonce);
    std::string run_make(const std::vector<std::string>& words);
    std::string foreign_includes() const;

    const Course& course_;
    std::filesystem::path folder_;
    std::filesystem::path work_;
};

/// A report of a submission that could not be taken, with every test not reached.
Report report_of_error(const Course& course, const std::vector<TestInfo>& tests, const std::string& error);
/// True if `pattern`, in which * stands for any text, describes all of `text`.
bool matches(const std::string& text, const std::string& pattern);
/// Calls `work` for each index below `count`, in several threads at a time, each always with the same number:
/// a Workplace belongs to one thread. What is thrown stops all, and is thrown again.
void in_parallel(unsigned threads, size_t count,
                 const std::function<void(unsigned thread, size_t index)>& work);
/// A random number, never 0.
uint64_t random_nonce();

}  // namespace grader
