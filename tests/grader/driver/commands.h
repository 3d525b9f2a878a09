/// @file
/// What the grader can be told to do. Each returns the exit status: 0 if all was as it should be, 1 if not;
/// what can't be done at all is thrown.
#pragma once

#include <string>
#include <vector>

#include <tests/grader/driver/grading.h>

namespace grader {

/// Of every command.
struct CourseOptions {
    std::string lab_file, sources, program, out;
    unsigned jobs = 1;
    std::vector<std::string> make;
};
/// Reads what they name. Throws UsageError.
Course make_course(const CourseOptions& options);

/// One submission, with reports in `report`, or out/report.
struct LabOptions {
    std::string submission;
    std::vector<std::string> tests;
    std::string nonce;
    std::string report;
};
int grade_lab(const CourseOptions& course, const LabOptions& options);

/// The reference solution, the start, and each mistake in turn.
struct MutantOptions {
    std::string solution, start, mutants, only = "*";
};
int grade_mutants(const CourseOptions& course, const MutantOptions& options);

/// The reference solution again and again: full marks each time.
struct FlakeOptions {
    std::string submission;
    unsigned times = 10;
};
int grade_often(const CourseOptions& course, const FlakeOptions& options);

/// Kernels that cheat.
struct CheaterOptions {
    std::string start, solution, cheaters, only = "*";
};
int grade_cheaters(const CourseOptions& course, const CheaterOptions& options);

/// Every folder in a folder.
struct ClassOptions {
    std::string submissions;
};
int grade_class(const CourseOptions& course, const ClassOptions& options);

/// Writes all forms of a report to `folder`. Throws InfrastructureError.
void write_reports(const Report& report, const std::filesystem::path& folder);

}  // namespace grader
