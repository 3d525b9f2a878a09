/// @file
/// The main program of each chapter's tests.
///
///     grade-NN --list                                  prints what is known of the tests, as JSON
///     grade-NN --result=FILE --gtest_filter=Suite.Test    runs one test and writes its TestResult to FILE
///
/// Without --result it is an ordinary GoogleTest program.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <string_view>

#include <nlohmann/json.hpp>

#include <tests/grader/graded_test.h>
#include <tests/grader/outcome.h>

namespace grader {

namespace {

/// Follows the tests of a run and writes down what came of the last one.
class ResultWriter : public testing::EmptyTestEventListener {
  public:
    explicit ResultWriter(std::string file) : file_(std::move(file)) {}

    void OnTestStart(const testing::TestInfo&) override {
        Outcome::current() = {};
        message_.clear();
        start_ = std::chrono::steady_clock::now();
    }

    void OnTestPartResult(const testing::TestPartResult& part) override {
        if (!part.failed()) return;
        Outcome& outcome = Outcome::current();
        if (!outcome.failed) outcome.hint_at_failure = outcome.hint;
        outcome.failed = true;
        if (message_.size() > 20'000) return;
        if (!message_.empty()) message_ += "\n";
        std::string_view message = part.message();
        if (message.starts_with("Failed\n")) message.remove_prefix(7);  // GoogleTest's word for FAIL()
        message_ += message;
    }

    void OnTestEnd(const testing::TestInfo& test) override {
        const Outcome& outcome = Outcome::current();
        TestResult result;
        const std::string name = std::string(test.test_suite_name()) + "." + test.name();
        for (const TestInfo& info : graded_tests())
            if (info.name == name) result.info = info;
        result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        if (!outcome.infrastructure_error.empty()) {
            result.verdict = Verdict::kInfrastructure;
            result.message = outcome.infrastructure_error;
        } else if (outcome.failed) {
            result.verdict = Verdict::kFail;
            result.message = message_;
            result.hint = outcome.hint_at_failure.empty() ? result.info.hint : outcome.hint_at_failure;
            result.evidence = outcome.evidence;
        } else if (test.result()->Skipped()) {
            result.verdict = Verdict::kInfrastructure;
            result.message = "the test skipped itself";
        } else {
            result.verdict = Verdict::kPass;
        }
        if (file_.empty()) return;
        std::ofstream(file_, std::ios::binary) << to_json(result);
    }

  private:
    std::string file_;
    std::string message_;
    std::chrono::steady_clock::time_point start_;
};

/// What is wrong with how the tests are described; empty if nothing is.
std::string check_descriptions() {
    std::set<std::string> known;
    int points = 0;
    for (const TestInfo& test : graded_tests()) {
        if (test.hint.empty() || test.title.empty() || test.section.empty())
            return test.name + " lacks a title, a section or a hint";
        for (const std::string& need : test.needs)
            if (!known.contains(need))
                return fmt::format("{} needs {}, which is not a test before it", test.name, need);
        known.insert(test.name);
        points += test.points;
    }
    if (points != 100) return fmt::format("the tests give {} points, not 100", points);
    return "";
}

int list() {
    if (const std::string error = check_descriptions(); !error.empty()) {
        std::cerr << error << "\n";
        return 1;
    }
    std::cout << "[";
    const char* separator = "";
    for (const TestInfo& info : graded_tests()) {
        TestResult result;
        result.info = info;
        std::cout << separator << to_json(result);
        separator = ",\n";
    }
    std::cout << "]\n";
    return 0;
}

}  // namespace

}  // namespace grader

int main(int argc, char** argv) {
    std::string result_file;
    for (int i = 1; i < argc; i++) {
        const std::string_view argument = argv[i];
        if (argument == "--list") return grader::list();
        if (argument.starts_with("--result=")) result_file = argument.substr(9);
    }
    testing::InitGoogleTest(&argc, argv);
    testing::UnitTest::GetInstance()->listeners().Append(new grader::ResultWriter(result_file));
    return RUN_ALL_TESTS();
}
