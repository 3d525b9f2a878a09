/// @file
/// How a chapter's grader writes its tests:
///
///     class Tss : public grader::GradedTest {};
///
///     GRADED(Tss, HasInterruptStacks, {.title = "NMI, #DB, #MC and #DF have stacks of their own",
///                                      .section = "1.4", .points = 8, .needs = {"Gdt.IsLoaded"},
///                                      .hint = "Is ist[n - 1] the *top* of the stack?"}) {
///         harness::Machine& machine = boot();
///         ...
///         EXPECT_NE(gate.ist, 0) << "vector 8";
///     }
///
/// A test fails by GoogleTest's assertions, by a harness::Timeout, or by any other exception but
/// harness::InfrastructureError, which is nobody's fault and costs nothing.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tests/grader/result.h>
#include <tests/harness/machine.h>

namespace grader {

/// What GRADED() says of a test; see TestInfo.
struct Grading {
    const char* title;
    const char* section;
    int points;
    std::vector<std::string> needs = {};
    const char* hint;
    bool unit = false;
};

/// Called by GRADED(). Returns true.
bool register_grading(const char* suite, const char* test, const Grading& grading);
/// All tests of this program, in the order of the source.
const std::vector<TestInfo>& graded_tests();

/// The state under test as the helpers of tests/system know it: "lab3".
std::string state_under_test();
/// A random number of this run that no submission can know beforehand. The same during one run of a program.
uint64_t nonce();

/// The base of all graded tests.
class GradedTest : public testing::Test {
  protected:
    /// Options for the kernel under test, with its own initramfs, by PVH.
    harness::MachineOptions options(const std::string& command_line = "") const;
    /// Starts a machine, which replaces one started before. Not waited for.
    harness::Machine& start(const harness::MachineOptions& options);
    /// start(options(command_line)).
    harness::Machine& boot(const std::string& command_line = "") { return start(options(command_line)); }
    harness::Machine& machine() { return *machine_; }

    /// From here on a failure has this likely cause. hint("") goes back to the test's own.
    void hint(std::string text);

    /// What the test does. Written by GRADED().
    virtual void judge() = 0;

  private:
    void TestBody() override;

    std::unique_ptr<harness::Machine> machine_;
};

}  // namespace grader

/// A graded test, see above.
#define GRADED(suite, test, ...)                                                      \
    class suite##_##test : public suite {                                             \
        void judge() override;                                                        \
    };                                                                                \
    [[maybe_unused]] static const bool suite##_##test##_registered = [] {             \
        testing::RegisterTest(#suite, #test, nullptr, nullptr, __FILE__, __LINE__,    \
                              []() -> testing::Test* { return new suite##_##test; }); \
        return grader::register_grading(#suite, #test, grader::Grading __VA_ARGS__);  \
    }();                                                                              \
    void suite##_##test::judge()
