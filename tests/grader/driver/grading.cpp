/// @file
/// make in the sandbox, and one process for each test, several at a time.
#include <tests/grader/driver/grading.h>

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include <tests/grader/driver/file_content.h>
#include <tests/grader/driver/schedule.h>
#include <tests/grader/driver/usage_error.h>
#include <tests/grader/sandbox.h>
#include <tests/harness/error.h>
#include <tests/harness/process.h>
#include <tests/harness/temp_folder.h>

namespace grader {

namespace {

namespace fs = std::filesystem;
using Seconds = std::chrono::duration<double>;
using Clock = std::chrono::steady_clock;

// Last resorts, of plain time; the harness's own limits are better at telling a hang from a slow machine.
constexpr harness::Duration kBuildLimit(300'000);
constexpr harness::Duration kTestLimit(180'000);
constexpr uint64_t kCompilerMemory = 3ull << 30;
/// What the state that is graded is called, whatever its chapter: one name, so that one tree serves all.
constexpr char kState[] = "kernel";
constexpr uint64_t kMemoryLimit = 16ull << 30;  ///< of address space: QEMU reserves much that it does not use

/// The last `lines` lines of a text, for messages.
std::string tail(const std::string& text, size_t lines) {
    size_t start = text.size();
    for (size_t found = 0; start > 0 && found <= lines;)
        if (text[--start] == '\n' && ++found > lines) {
            start++;
            break;
        }
    return text.substr(start);
}

/// What a compiler said, without the lines of make.
std::string compiler_messages(const std::string& output) {
    std::istringstream lines(output);
    std::string messages;
    int count = 0;
    for (std::string line; std::getline(lines, line) && count < 60;) {
        if (line.starts_with("  ") && line.find("error") == std::string::npos &&
            line.find('|') == std::string::npos)
            continue;
        if (line.starts_with("make")) continue;
        messages += line + "\n";
        count++;
    }
    return messages.empty() ? tail(output, 20) : messages;
}

}  // namespace

bool matches(const std::string& text, const std::string& pattern) {
    const size_t star = pattern.find('*');
    if (star == std::string::npos) return text == pattern;
    if (text.compare(0, star, pattern, 0, star) != 0) return false;
    const std::string rest = pattern.substr(star + 1);
    for (size_t i = star; i <= text.size(); i++)
        if (matches(text.substr(i), rest)) return true;
    return false;
}

void in_parallel(unsigned threads, size_t count,
                 const std::function<void(unsigned thread, size_t index)>& work) {
    std::mutex mutex;
    size_t next = 0;
    std::exception_ptr failure;
    const auto run = [&](unsigned thread) {
        for (;;) {
            size_t index = 0;
            {
                const std::lock_guard guard(mutex);
                if (next == count || failure) return;
                index = next++;
            }
            try {
                work(thread, index);
            } catch (...) {
                const std::lock_guard guard(mutex);
                if (!failure) failure = std::current_exception();
            }
        }
    };
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < threads; i++) workers.emplace_back(run, i);
    for (std::thread& worker : workers) worker.join();
    if (failure) std::rethrow_exception(failure);
}

uint64_t random_nonce() {
    std::random_device device;
    return uint64_t{device()} << 32 | device() | 1;
}

std::vector<TestInfo> list_tests(const fs::path& program) {
    const harness::TempFolder folder;
    harness::Process process({.command = {program.string(), "--list"}, .output = folder / "list"});
    const auto status = process.wait_status(harness::Duration(60'000));
    if (!status || *status != 0)
        throw harness::InfrastructureError(
            fmt::format("{} --list failed: {}", program.string(), process.output()));
    std::vector<TestInfo> tests;
    for (const auto& entry : nlohmann::json::parse(process.output()))
        tests.push_back(result_from_json(entry.dump()).info);
    return tests;
}

std::vector<TestInfo> select_tests(const std::vector<TestInfo>& tests,
                                   const std::vector<std::string>& names) {
    std::set<std::string> wanted;
    for (const std::string& name : names) {
        bool found = false;
        for (const TestInfo& test : tests)
            if (matches(test.name, name)) found = wanted.insert(test.name).second || true;
        if (!found) throw UsageError(fmt::format("there is no test \"{}\" in this chapter", name));
    }
    // What a test needs stands before it.
    for (auto test = tests.rbegin(); test != tests.rend(); ++test)
        if (wanted.contains(test->name)) wanted.insert(test->needs.begin(), test->needs.end());
    std::vector<TestInfo> selected;
    for (const TestInfo& test : tests)
        if (wanted.contains(test.name)) selected.push_back(test);
    return selected;
}

Report report_of_error(const Course& course, const std::vector<TestInfo>& tests, const std::string& error) {
    Report report;
    report.lab = course.lab.number;
    report.title = course.lab.title;
    report.handout = "labs/" + course.lab.folder + "/README.md";
    report.build_error = error;
    for (const TestInfo& test : tests) {
        TestResult result;
        result.info = test;
        result.verdict = Verdict::kNotReached;
        result.message = "the submission was not built";
        report.tests.push_back(result);
    }
    return report;
}

Workplace::Workplace(const Course& course, fs::path folder)
    : course_(course), folder_(fs::absolute(folder)), work_(folder_ / "work") {
    fs::create_directories(folder_ / "runs");
    fs::create_directories(work_ / "build");
}

std::string Workplace::run_make(const std::vector<std::string>& words) {
    std::vector<std::string> command{
        "make",     "-C",          work_.string(), fmt::format("-j{}", course_.jobs),
        "SETUP=no", "INSTRUMENT=", "CHECK_LOCKS="};
    command.insert(command.end(), course_.make.begin(), course_.make.end());
    command.insert(command.end(), words.begin(), words.end());
    SandboxView view{.readable = {}, .writable = {work_}, .folder = work_, .environment = {}};
    harness::ProcessOptions options;
    options.command = sandboxed(view, command);
    options.output = folder_ / "make.log";
    options.file_limit = 256ull << 20;
    options.memory_limit = kCompilerMemory;
    options.cpu_seconds = 120;
    fs::remove(options.output);
    harness::Process process(options);
    const auto status = process.wait_status(kBuildLimit);
    if (!status) return "Compiling did not come to an end.\n" + tail(process.output(), 10);
    return *status == 0 ? "" : compiler_messages(process.output());
}

/// Names a file from outside the tree that the submission's code includes; empty if there is none.
std::string Workplace::foreign_includes() const {
    for (const auto& entry : fs::recursive_directory_iterator(work_ / "build")) {
        if (entry.path().extension() != ".d") continue;
        std::istringstream words(content_of(entry.path()));
        for (std::string word; words >> word;) {
            if (word.ends_with(':')) word.pop_back();
            const bool outside =
                (word.starts_with('/') && !word.starts_with("/usr/")) || word.starts_with("..");
            if (outside && !word.starts_with(work_.string())) return word;
        }
    }
    return "";
}

std::string Workplace::build(const Submission& submission) {
    write_work_tree(course_.sources, submission, work_);
    for (const auto& [path, content] : submission)
        if (content.find("incbin") != std::string::npos)
            return path + " includes a binary file: that is not accepted.\n";
    std::string error = run_make({std::string("B=build/") + kState, "graded"});
    for (const BuildVariant& variant : course_.lab.variants)
        if (error.empty())
            error = run_make({std::string("B=build/") + kState + variant.suffix, variant.word, "graded"});
    if (error.empty())
        if (const std::string file = foreign_includes(); !file.empty())
            error = "The submission includes " + file + ", which is not part of the tree.\n";
    return error;
}

TestResult Workplace::run_once(const TestInfo& test, uint64_t nonce) {
    const fs::path run = folder_ / "runs" / test.name;
    fs::remove_all(run);
    fs::create_directories(run);
    SandboxView view{
        .readable = {work_, course_.program},
        .writable = {run},
        .folder = run,
        .environment = {{"TRAPLINE_ROOT", work_.string()},
                        {"TRAPLINE_BUILD", (work_ / "build").string()},
                        {"TRAPLINE_STATES", kState},
                        {"TRAPLINE_STATE", kState},
                        {"TRAPLINE_LAB_FOLDER", course_.lab.folder},
                        {"TRAPLINE_KEEP", run.string()},
                        {"TRAPLINE_NONCE", fmt::format("{:#x}", nonce)}},
    };
    for (const char* name : {"TRAPLINE_TIME_SCALE", "TRAPLINE_SANDBOX"})
        if (const char* value = std::getenv(name)) view.environment[name] = value;
    harness::ProcessOptions options;
    options.command =
        sandboxed(view, {course_.program.string(), "--gtest_color=no", "--gtest_filter=" + test.name,
                         "--result=" + (run / "result.json").string()});
    options.output = run / "log";
    options.memory_limit = kMemoryLimit;
    options.cpu_seconds = 300;
    const auto start = Clock::now();
    TestResult result;
    result.info = test;
    try {
        harness::Process process(options);
        const auto status = process.wait_status(kTestLimit);
        if (fs::exists(run / "result.json"))
            result = result_from_json(content_of(run / "result.json"));
        else
            result.message = fmt::format("the test's process {}; it said:\n{}",
                                         status ? "died" : "did not end", tail(process.output(), 15));
    } catch (const std::exception& error) {
        result.message = error.what();
    }
    result.info = test;
    result.seconds = Seconds(Clock::now() - start).count();
    return result;
}

TestResult Workplace::run_test(const TestInfo& test, uint64_t nonce) {
    TestResult result = run_once(test, nonce);
    // What is nobody's fault may be gone the next time.
    if (result.verdict == Verdict::kInfrastructure) result = run_once(test, nonce);
    if (result.verdict != Verdict::kFail) return result;
    const std::string again =
        fmt::format("make grade LAB={} TESTS='{}' NONCE={:#x}", course_.lab.number, test.name, nonce);
    result.evidence.command =
        result.evidence.command.empty() ? again : again + "\n" + result.evidence.command;
    return result;
}

Report Workplace::grade(const Submission& submission, const std::vector<TestInfo>& tests, uint64_t nonce,
                        const Progress& progress) {
    const auto start = Clock::now();
    Report report = report_of_error(course_, tests, "");
    try {
        report.build_error = build(submission);
    } catch (const std::exception& error) {
        for (TestResult& result : report.tests) {
            result.verdict = Verdict::kInfrastructure;
            result.message = error.what();
        }
        report.seconds = Seconds(Clock::now() - start).count();
        return report;
    }
    if (!report.build_error.empty()) {
        report.seconds = Seconds(Clock::now() - start).count();
        return report;
    }

    int done = 0;
    report.tests = run_in_order(
        tests, course_.jobs, [&](const TestInfo& test) { return run_test(test, nonce); },
        [&](const TestResult& result) {
            if (progress) progress(result, ++done, static_cast<int>(tests.size()));
        });
    report.seconds = Seconds(Clock::now() - start).count();
    return report;
}

}  // namespace grader
