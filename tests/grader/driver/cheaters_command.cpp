/// @file
/// Kernels that try to get points by other means than working: none may get one that it did not earn.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include <tests/grader/driver/apply_patch.h>
#include <tests/grader/driver/commands.h>
#include <tests/grader/driver/usage_error.h>
#include <tests/grader/reports.h>
#include <tests/harness/progress.h>
#include <tests/harness/temp_folder.h>

namespace grader {

namespace {

namespace fs = std::filesystem;

/// A folder below tests/cheaters: cheat.txt, and files that take the place of those of the start, or of the
/// solution (where it says "Base: solution"), or cheat.patch, which changes them.
struct Cheater {
    std::string name;
    fs::path folder;
    std::map<std::string, std::string> says;  ///< Lab, Trick, Base, Points, Denied, Seconds, Verdict
};

Cheater read_cheater(const fs::path& folder) {
    Cheater cheater{folder.filename(), folder, {}};
    std::ifstream file(folder / "cheat.txt");
    for (std::string line; std::getline(file, line);)
        if (const size_t colon = line.find(": "); colon != std::string::npos)
            cheater.says[line.substr(0, colon)] = line.substr(colon + 2);
    for (const char* key : {"Lab", "Trick", "Base", "Points", "Denied", "Seconds", "Verdict"})
        if (!cheater.says.contains(key))
            throw UsageError(fmt::format("{}/cheat.txt has no line \"{}: ...\"", folder.string(), key));
    return cheater;
}

std::vector<Cheater> read_cheaters(const fs::path& folder, int lab, const std::string& only) {
    std::vector<Cheater> cheaters;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (!entry.is_directory()) continue;
        Cheater cheater = read_cheater(entry.path());
        if (std::stoi(cheater.says["Lab"]) == lab && matches(cheater.name, only))
            cheaters.push_back(std::move(cheater));
    }
    std::sort(cheaters.begin(), cheaters.end(),
              [](const Cheater& a, const Cheater& b) { return a.name < b.name; });
    return cheaters;
}

/// Copies what is in `from` over what is in `to`; links stay links.
void copy_over(const fs::path& from, const fs::path& to) {
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
        if (!entry.is_symlink() && !entry.is_regular_file()) continue;
        const fs::path target = to / fs::relative(entry.path().parent_path(), from) / entry.path().filename();
        fs::create_directories(target.parent_path());
        fs::remove(target);
        fs::copy(entry.path(), target, fs::copy_options::copy_symlinks);
    }
}

/// The cheater's submission.
void put_together(const Cheater& cheater, const fs::path& base, const fs::path& folder) {
    copy_over(base, folder);
    copy_over(cheater.folder, folder);
    const fs::path patch = cheater.folder / "cheat.patch";
    if (!fs::exists(patch)) return;
    if (const std::string error = apply_patch(patch, folder); !error.empty())
        throw UsageError(fmt::format("{} does not fit: {}", patch.string(), error));
}

/// What the report says of the tests that were not passed, in one text.
std::string findings(const Report& report) {
    std::string text = report.build_error;
    for (const TestResult& result : report.tests)
        if (result.verdict == Verdict::kFail) text += result.message + "\n";
    return text;
}

/// Empty if the cheater got no further than it should, else how far.
std::string what_went_wrong(const Cheater& cheater, const Report& report) {
    if (report.has_infrastructure_error()) return "it makes the grader itself fail";
    const int points = std::stoi(cheater.says.at("Points"));
    if (report.earned() > points)
        return fmt::format("it gets {} points; honest work gives it at most {}", report.earned(), points);
    std::istringstream denied(cheater.says.at("Denied"));
    for (std::string pattern; denied >> pattern;)
        for (const TestResult& result : report.tests)
            if (matches(result.info.name, pattern) && result.verdict == Verdict::kPass)
                return result.info.name + " passes";
    if (report.seconds > std::stod(cheater.says.at("Seconds")) * harness::time_scale())
        return fmt::format("it holds the grader up for {:.1f} s", report.seconds);
    if (findings(report).find(cheater.says.at("Verdict")) == std::string::npos)
        return fmt::format("no test says \"{}\"; they say:\n{}", cheater.says.at("Verdict"),
                           findings(report));
    return "";
}

}  // namespace

int grade_cheaters(const CourseOptions& course_options, const CheaterOptions& options) {
    const Course course = make_course(course_options);
    Workplace workplace(course, course_options.out);
    int tried = 0, refused = 0;
    for (const Cheater& cheater : read_cheaters(options.cheaters, course.lab.number, options.only)) {
        const harness::TempFolder folder;
        put_together(cheater, cheater.says.at("Base") == "solution" ? options.solution : options.start,
                     folder.path());
        std::string error;
        const Submission submission = read_submission(course.lab, folder.path(), error);
        const Report report = error.empty() ? workplace.grade(submission, course.tests, random_nonce())
                                            : report_of_error(course, course.tests, error);
        const std::string wrong = what_went_wrong(cheater, report);
        tried++;
        if (wrong.empty()) refused++;
        std::cout << fmt::format("  {} {:32} {} ({} points, {:.1f} s)\n",
                                 wrong.empty() ? "refused " : "GOT AWAY", cheater.name,
                                 cheater.says.at("Trick"), report.earned(), report.seconds);
        if (!wrong.empty()) std::cout << "           " << wrong << "\n";
        std::cout << std::flush;
    }
    std::cout << fmt::format("lab {}: {} of {} cheaters refused\n", course.lab.number, refused, tried);
    return refused == tried ? 0 : 1;
}

}  // namespace grader
