/// @file
/// Grading one submission for the person who wrote it.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include <tests/grader/driver/commands.h>
#include <tests/grader/driver/usage_error.h>
#include <tests/grader/reports.h>
#include <tests/grader/sandbox.h>
#include <tests/harness/error.h>

namespace grader {

namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file)
        throw harness::InfrastructureError(fmt::format("can't write {}: is the disk full?", path.string()));
}

bool colour_wanted() {
    return isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR");
}

uint64_t parse_nonce(const std::string& text) {
    if (text.empty()) return random_nonce();
    size_t used = 0;
    try {
        const uint64_t nonce = std::stoull(text, &used, 0);
        if (used == text.size() && nonce != 0) return nonce;
    } catch (const std::exception&) {  // said below
    }
    throw UsageError(fmt::format("NONCE={}: it is a number such as 0x1234, from an earlier run", text));
}

}  // namespace

Course make_course(const CourseOptions& options) {
    Course course;
    course.lab = read_lab_info(options.lab_file);
    course.sources = read_sources(options.sources);
    course.program = fs::absolute(options.program);
    course.make = options.make;
    if (options.jobs == 0) throw UsageError("JOBS=0: at least one process has to do the work");
    course.jobs = options.jobs;
    course.tests = list_tests(course.program);
    return course;
}

void write_reports(const Report& report, const fs::path& folder) {
    fs::create_directories(folder);
    write(folder / "report.json", to_json(report));
    write(folder / "junit.xml", to_junit(report));
    write(folder / "results.json", to_gradescope(report));
    write(folder / "classroom.json", to_classroom(report));
    write(folder / "report.html", to_html(report));
    write(folder / "report.txt", to_terminal(report, false));
}

int grade_lab(const CourseOptions& course_options, const LabOptions& options) {
    const Course course = make_course(course_options);
    const std::vector<TestInfo> tests =
        options.tests.empty() ? course.tests : select_tests(course.tests, options.tests);
    const uint64_t nonce = parse_nonce(options.nonce);
    const bool colour = colour_wanted();
    if (!sandbox_works())
        std::cout << "bubblewrap does not work here: the submission is kept away from the machine by limits "
                     "only.\n";
    std::string error;
    const Submission submission = read_submission(course.lab, options.submission, error);
    Report report;
    if (!error.empty()) {
        report = report_of_error(course, tests, error);
    } else {
        std::cout << "Compiling " << options.submission << std::endl;
        Workplace workplace(course, course_options.out);
        report =
            workplace.grade(submission, tests, nonce, [&](const TestResult& result, int done, int total) {
                std::cout << progress_line(result, done, total, colour) << std::endl;
            });
    }
    report.submission = options.submission;
    const fs::path report_folder =
        options.report.empty() ? fs::path(course_options.out) / "report" : fs::path(options.report);
    write_reports(report, report_folder);
    std::cout << to_terminal(report, colour) << "Reports: " << course_options.out
              << "/report/report.html and others\n";
    if (report.has_infrastructure_error()) return 2;
    return report.complete() ? 0 : 1;
}

}  // namespace grader
