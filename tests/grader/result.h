/// @file
/// What a grading found: the one model that every report is made from.
#pragma once

#include <string>
#include <vector>

namespace grader {

/// A judgement on one test.
enum class Verdict {
    kPass,
    kFail,
    kNotReached,      ///< a test that it needs did not pass, so it was not run: no second failure
    kInfrastructure,  ///< the test could not be carried out: never a pass, and never a point lost
};
/// "pass", "fail", "not reached", "infrastructure error".
const char* name_of(Verdict verdict);
/// The verdict with this name. Throws std::invalid_argument.
Verdict verdict_named(const std::string& name);

/// What is known of a test before it is run.
struct TestInfo {
    std::string name;     ///< "Suite.Test"
    std::string title;    ///< one line: what must hold
    std::string section;  ///< of the handout, such as "1.2"; also the TODO's number
    int points = 0;
    bool unit = false;               ///< needs no machine
    std::vector<std::string> needs;  ///< names of tests that must have passed
    std::string hint;                ///< the likely cause of a failure
};

/// A word on a stack, for the picture.
struct StackWord {
    std::string address, value, meaning;
};

/// What the machine looked like when a test failed.
struct Evidence {
    std::string
        state;         ///< registers of every processor, bytes at RIP, backtrace, last exceptions, for people
    std::string task;  ///< whose stack it was, and whose address space
    std::string serial;            ///< the last lines printed
    std::string command;           ///< repeats the run
    std::vector<StackWord> stack;  ///< from RSP upwards
    bool empty() const { return state.empty() && command.empty(); }
};

/// A test that was dealt with.
struct TestResult {
    TestInfo info;
    Verdict verdict = Verdict::kInfrastructure;
    std::string message;  ///< what was found wrong, or which test was missing; empty for a pass
    std::string hint;     ///< the likely cause that the test itself named, else info.hint; empty for a pass
    Evidence evidence;    ///< for failures of tests with a machine
    double seconds = 0;   ///< real time

    int earned() const { return verdict == Verdict::kPass ? info.points : 0; }
};

/// One submission's grading.
struct Report {
    int lab = 0;
    std::string title;        ///< of the chapter
    std::string submission;   ///< whose
    std::string handout;      ///< path or address of the chapter's handout
    std::string build_error;  ///< what the compiler said; empty when the submission was built
    std::vector<TestResult> tests;
    double seconds = 0;  ///< real time, building included

    int earned() const;
    int maximum() const;
    /// True when a test could not be carried out: the points are not final then.
    bool has_infrastructure_error() const;
    /// True when all points were earned.
    bool complete() const { return earned() == maximum() && !has_infrastructure_error(); }
};

/// The report as JSON; the schema is tests/grader/report.schema.json.
std::string to_json(const Report& report);
/// The opposite. Throws std::exception when the text is not such a report.
Report report_from_json(const std::string& text);
/// One result, as a test program hands it to the driver.
std::string to_json(const TestResult& result);
TestResult result_from_json(const std::string& text);

}  // namespace grader
