/// @file
/// The base of all tests that boot the kernel.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <tests/harness/machine.h>
#include <tests/harness/report.h>
#include <tests/system/states.h>

/// Owns the machine of a test and, when the test fails, reports the machine's state.
class SystemTest : public testing::Test {
  protected:
    /// Starts a machine, which replaces one started before.
    harness::Machine& start(const harness::MachineOptions& options) {
        machine_.reset();
        machine_ = std::make_unique<harness::Machine>(options);
        return *machine_;
    }
    /// Starts `state` and waits until it has booted.
    harness::Machine& boot(const std::string& state, const std::string& command_line = "") {
        harness::MachineOptions options = state_options(state);
        options.append = command_line;
        start(options);
        machine_->wait_for(last_boot_text(state));
        return *machine_;
    }
    harness::Machine& machine() { return *machine_; }

    void TearDown() override {
        if (HasFailure() && machine_) std::cout << harness::failure_report(*machine_) << std::flush;
        machine_.reset();
    }

  private:
    std::unique_ptr<harness::Machine> machine_;
};

/// For SetUp(): skips the tests of a state that this tree does not hold.
#define REQUIRE_STATE(state) \
    if (!has_state(state)) GTEST_SKIP() << (state) << " is not in this tree"

/// Runs the parameterized tests of `suite` in each state of states_with_shell().
#define IN_STATES_WITH_SHELL(suite)                                           \
    GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(suite);                     \
    INSTANTIATE_TEST_SUITE_P(, suite, testing::ValuesIn(states_with_shell()), \
                             [](const auto& state) { return test_name(state.param); })
