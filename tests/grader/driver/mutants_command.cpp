/// @file
/// The grader graded: each known mistake must be caught by the test, and with the hint, that it names.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>

#include <tests/grader/driver/apply_patch.h>
#include <tests/grader/driver/commands.h>
#include <tests/grader/driver/file_content.h>
#include <tests/grader/driver/usage_error.h>
#include <tests/grader/reports.h>
#include <tests/harness/error.h>
#include <tests/harness/temp_folder.h>

namespace grader {

namespace {

namespace fs = std::filesystem;

/// A mistake: a patch with a header.
struct Mutant {
    fs::path patch;
    std::string mistake, caught_by, hint;
    std::string name() const { return patch.stem(); }
};

std::string header_line(const fs::path& patch, const std::string& key) {
    std::ifstream file(patch);
    for (std::string line; std::getline(file, line) && !line.starts_with("--- ");)
        if (line.starts_with(key + ": ")) return line.substr(key.size() + 2);
    throw UsageError(fmt::format("{} has no line \"{}: ...\" before its patch", patch.string(), key));
}

std::vector<Mutant> read_mutants(const fs::path& folder, const std::string& only) {
    if (!fs::is_directory(folder))
        throw UsageError(fmt::format("{} is not a folder of mutants", folder.string()));
    std::vector<Mutant> mutants;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".patch" && matches(entry.path().stem(), only))
            mutants.push_back({entry.path(), header_line(entry.path(), "Mistake"),
                               header_line(entry.path(), "Caught-by"), header_line(entry.path(), "Hint")});
    std::sort(mutants.begin(), mutants.end(),
              [](const Mutant& a, const Mutant& b) { return a.name() < b.name(); });
    return mutants;
}

/// The solution with the mistake in it. Throws UsageError when the patch does not fit.
Submission apply(const Mutant& mutant, const Submission& solution) {
    const harness::TempFolder folder;
    for (const auto& [path, content] : solution) {
        fs::create_directories((folder.path() / path).parent_path());
        std::ofstream(folder.path() / path, std::ios::binary) << content;
    }
    if (const std::string error = apply_patch(mutant.patch, folder.path()); !error.empty())
        throw UsageError(
            fmt::format("{} does not fit the solution any more: {}", mutant.patch.string(), error));
    Submission result;
    bool changed = false;
    for (const auto& [path, content] : solution) {
        result[path] = content_of(folder.path() / path);
        changed = changed || result[path] != content;
    }
    if (!changed)
        throw UsageError(fmt::format("{} changes none of the chapter's files", mutant.patch.string()));
    return result;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

/// Empty if the mistake was caught as it should be, else what happened instead.
std::string what_went_wrong(const Mutant& mutant, const Report& report) {
    if (!report.build_error.empty()) return "does not compile:\n" + report.build_error;
    for (const TestResult& result : report.tests) {
        if (result.info.name != mutant.caught_by) continue;
        if (result.verdict == Verdict::kPass) return "escaped: " + mutant.caught_by + " passes";
        if (result.verdict != Verdict::kFail)
            return fmt::format("{} is \"{}\": {}", mutant.caught_by, name_of(result.verdict), result.message);
        if (lower(result.hint).find(lower(mutant.hint)) == std::string::npos)
            return fmt::format(
                "caught, but with the hint \"{}\", which does not say \"{}\"; the failure:\n{}", result.hint,
                mutant.hint, result.message);
        return "";
    }
    return "there is no test " + mutant.caught_by;
}

/// The two runs without which the others mean nothing. False, and said, when they are not as they should be.
bool judge_is_sound(const Course& course, Workplace& workplace, const Submission& solution,
                    const Submission& start) {
    const Report full = workplace.grade(solution, course.tests, random_nonce());
    std::cout << fmt::format("lab {}: the solution without a mistake: {} of {}, {:.1f} s\n",
                             course.lab.number, full.earned(), full.maximum(), full.seconds)
              << std::flush;
    if (!full.complete()) {
        std::cout << to_terminal(full, false) << "The run is void: the solution does not get full marks.\n";
        return false;
    }
    const Report canary = workplace.grade(start, course.tests, random_nonce());
    std::cout << fmt::format(
                     "lab {}: the start, where nothing is written yet: {} of {} (should be {}), {:.1f} s\n",
                     course.lab.number, canary.earned(), canary.maximum(), course.lab.start_score,
                     canary.seconds)
              << std::flush;
    if (canary.complete() || canary.has_infrastructure_error() || canary.earned() != course.lab.start_score) {
        std::cout << to_terminal(canary, false)
                  << "The run is void: the start does not get the points that lab.txt says.\n";
        return false;
    }
    return true;
}

Submission read_all(const LabInfo& lab, const std::string& folder) {
    std::string error;
    Submission submission = read_submission(lab, folder, error);
    if (!error.empty()) throw UsageError(folder + ": " + error);
    return submission;
}

}  // namespace

int grade_mutants(const CourseOptions& course_options, const MutantOptions& options) {
    Course course = make_course(course_options);
    const std::vector<Mutant> mutants = read_mutants(options.mutants, options.only);
    const Submission solution = read_all(course.lab, options.solution);
    const Submission start = read_all(course.lab, options.start);
    const fs::path out = course_options.out;
    if (Workplace workplace(course, out); !judge_is_sound(course, workplace, solution, start)) return 1;
    // One mutant to a thread, one process to a mutant.
    const unsigned threads = course.jobs;
    course.jobs = 1;
    std::vector<std::unique_ptr<Workplace>> workplaces;
    for (unsigned i = 0; i < threads; i++)
        workplaces.push_back(
            std::make_unique<Workplace>(course, i == 0 ? out : out / fmt::format("mutants-{}", i)));
    size_t caught = 0;
    std::mutex mutex;  // guards the count and the output
    in_parallel(threads, mutants.size(), [&](unsigned thread, size_t index) {
        const Mutant& mutant = mutants[index];
        const Report report = workplaces[thread]->grade(
            apply(mutant, solution), select_tests(course.tests, {mutant.caught_by}), random_nonce());
        const std::string error = what_went_wrong(mutant, report);
        const std::lock_guard guard(mutex);
        if (error.empty()) caught++;
        std::cout << fmt::format("  {} {:40} {} ({:.1f} s)\n", error.empty() ? "caught" : "MISSED",
                                 mutant.name(), mutant.mistake, report.seconds);
        if (!error.empty()) std::cout << "         " << error << "\n";
        std::cout << std::flush;
    });
    std::cout << fmt::format("lab {}: {} of {} mutants caught\n", course.lab.number, caught, mutants.size());
    return caught == mutants.size() && caught > 0 ? 0 : 1;
}

}  // namespace grader
