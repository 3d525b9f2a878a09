/// @file
/// A folder of submissions, one subfolder each, several at a time. What was graded before is not graded
/// again.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>

#include <tests/grader/driver/commands.h>
#include <tests/grader/driver/file_content.h>
#include <tests/grader/driver/usage_error.h>
#include <tests/harness/error.h>

namespace grader {

namespace {

namespace fs = std::filesystem;

/// One submission and, once there is one, its report.
struct Entry {
    std::string name;
    fs::path folder;
    std::optional<Report> report;
};

/// Writes a file that is there either as it was or whole, whenever this is interrupted.
void write_whole(const fs::path& path, const std::string& text) {
    const fs::path unfinished = path.string() + ".unfinished";
    std::ofstream file(unfinished, std::ios::binary);
    file << text;
    file.close();
    if (!file)
        throw harness::InfrastructureError(fmt::format("can't write {}: is the disk full?", path.string()));
    fs::rename(unfinished, path);
}

/// A submission may be the chapter's files, or a whole tree with labs/NN-name/ in it.
fs::path files_of(const LabInfo& lab, const fs::path& folder) {
    const fs::path inner = folder / "labs" / lab.folder;
    return fs::exists(inner / lab.files.front()) && !fs::exists(folder / lab.files.front()) ? inner : folder;
}

std::vector<Entry> find_submissions(const LabInfo& lab, const std::string& folder) {
    if (!fs::is_directory(folder))
        throw UsageError(fmt::format("SUBMISSIONS={}: there is no such folder", folder));
    std::vector<Entry> entries;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.is_directory() && !entry.is_symlink() && !entry.path().filename().string().starts_with("."))
            entries.push_back({entry.path().filename(), files_of(lab, entry.path()), std::nullopt});
    if (entries.empty())
        throw UsageError(
            fmt::format("SUBMISSIONS={}: it holds no folders; each submission is a folder in it", folder));
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
}

/// FNV-1a, to tell whether something has changed.
uint64_t hash_of(const std::string& text, uint64_t hash = 0xcbf2'9ce4'8422'2325) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
    return hash;
}

/// What a report depends on: the submission, the tests, and the tree.
std::string fingerprint(const Course& course, const Submission& submission, const std::string& error) {
    uint64_t hash = hash_of(error, hash_of(content_of(course.program)));
    for (const auto& [path, content] : submission) hash = hash_of(content, hash_of(path, hash));
    for (const auto& [path, file] : course.sources) hash = hash_of(content_of(file), hash_of(path, hash));
    return fmt::format("{:016x}", hash);
}

/// A field of a CSV file.
std::string csv_field(std::string text) {
    for (size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, 1, '"');
    // A spreadsheet would take these for formulas.
    if (!text.empty() && std::string("=+-@").find(text[0]) != std::string::npos) text.insert(0, 1, '\'');
    return "\"" + text + "\"";
}

std::string status_of(const Report& report) {
    if (report.has_infrastructure_error()) return "infrastructure error";
    if (!report.build_error.empty()) return "not built";
    return report.complete() ? "complete" : "graded";
}

std::string to_csv(const Course& course, const std::vector<Entry>& entries) {
    std::string text = "submission,points,maximum,status,seconds";
    for (const TestInfo& test : course.tests) text += "," + csv_field(test.name);
    text += "\n";
    for (const Entry& entry : entries) {
        if (!entry.report) continue;
        const Report& report = *entry.report;
        text += fmt::format("{},{},{},{},{:.1f}", csv_field(entry.name), report.earned(), report.maximum(),
                            status_of(report), report.seconds);
        for (const TestResult& result : report.tests)
            text += "," + (result.verdict == Verdict::kPass || result.verdict == Verdict::kFail
                               ? std::to_string(result.earned())
                               : std::string(name_of(result.verdict)));
        text += "\n";
    }
    return text;
}

/// Everything the threads share.
class ClassGrading {
  public:
    ClassGrading(const Course& course, std::vector<Entry> entries, fs::path out)
        : course_(course), entries_(std::move(entries)), out_(std::move(out)) {}

    size_t size() const { return entries_.size(); }

    /// Grades one of them; from several threads.
    void grade_one(Workplace& workplace, size_t index) {
        finish(entries_[index], grade(workplace, entries_[index]));
    }

    int summary() const {
        int complete = 0, infrastructure = 0;
        for (const Entry& entry : entries_) {
            if (!entry.report) continue;
            complete += entry.report->complete();
            infrastructure += entry.report->has_infrastructure_error();
        }
        std::cout << fmt::format("{} submissions: {} with full marks, {} that could not be judged. {}\n",
                                 entries_.size(), complete, infrastructure, (out_ / "grades.csv").string());
        return infrastructure > 0 ? 2 : 0;
    }

  private:
    Report grade(Workplace& workplace, const Entry& entry) {
        const fs::path folder = out_ / entry.name;
        fs::create_directories(folder);
        std::string error;
        const Submission submission = read_submission(course_.lab, entry.folder, error);
        const std::string print = fingerprint(course_, submission, error);
        // Written last, so whoever finds it finds the reports.
        if (content_of(folder / "fingerprint") == print)
            return report_from_json(content_of(folder / "report.json"));
        Report report = error.empty() ? workplace.grade(submission, course_.tests, random_nonce())
                                      : report_of_error(course_, course_.tests, error);
        report.submission = entry.name;
        fs::remove(folder / "fingerprint");
        write_reports(report, folder);
        if (!report.has_infrastructure_error()) write_whole(folder / "fingerprint", print);
        return report;
    }

    void finish(Entry& entry, Report report) {
        const std::lock_guard guard(mutex_);
        entry.report = std::move(report);
        write_whole(out_ / "grades.csv", to_csv(course_, entries_));
        done_++;
        const size_t width = 24, filled = width * done_ / entries_.size();
        std::cout << fmt::format("[{}{}] {}/{} {}: {} of {}, {}\n", std::string(filled, '#'),
                                 std::string(width - filled, '.'), done_, entries_.size(), entry.name,
                                 entry.report->earned(), entry.report->maximum(), status_of(*entry.report))
                  << std::flush;
    }

    const Course& course_;
    std::vector<Entry> entries_;
    fs::path out_;
    std::mutex mutex_;  ///< guards the rest
    size_t done_ = 0;
};

}  // namespace

int grade_class(const CourseOptions& course_options, const ClassOptions& options) {
    Course course = make_course(course_options);
    // One submission to a thread, one process to a submission.
    const unsigned threads = course.jobs;
    course.jobs = 1;
    std::vector<Entry> entries = find_submissions(course.lab, options.submissions);
    const fs::path out = course_options.out;
    fs::create_directories(out);
    ClassGrading grading(course, std::move(entries), out);
    std::vector<std::unique_ptr<Workplace>> workplaces;
    for (unsigned i = 0; i < threads; i++)
        workplaces.push_back(std::make_unique<Workplace>(course, out / fmt::format(".worker-{}", i)));
    in_parallel(threads, grading.size(),
                [&](unsigned thread, size_t index) { grading.grade_one(*workplaces[thread], index); });
    return grading.summary();
}

}  // namespace grader
