/// @file
/// The same submission again and again.
#include <fmt/format.h>

#include <iostream>

#include <tests/grader/driver/commands.h>
#include <tests/grader/driver/usage_error.h>
#include <tests/grader/reports.h>

namespace grader {

int grade_often(const CourseOptions& course_options, const FlakeOptions& options) {
    const Course course = make_course(course_options);
    std::string error;
    const Submission submission = read_submission(course.lab, options.submission, error);
    if (!error.empty()) throw UsageError(error);
    Workplace workplace(course, course_options.out);
    unsigned full = 0;
    double longest = 0;
    for (unsigned i = 1; i <= options.times; i++) {
        Report report = workplace.grade(submission, course.tests, random_nonce());
        report.submission = options.submission;
        longest = std::max(longest, report.seconds);
        if (report.complete()) {
            full++;
        } else {
            write_reports(report, std::filesystem::path(course_options.out) / fmt::format("flake-{}", i));
            std::cout << to_terminal(report, false);
        }
        std::cout << fmt::format(
                         "lab {}: {} of {} gradings had full marks, {} to go; this one took {:.1f} s\n",
                         course.lab.number, full, i, options.times - i, report.seconds)
                  << std::flush;
    }
    return full == options.times ? 0 : 1;
}

}  // namespace grader
