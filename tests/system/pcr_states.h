/// @file
/// The states whose entry paths find everything through GS.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <tests/system/states.h>

/// Those of chapter 5 and 6 that are in this tree. In the tests chapter 6 has one processor, which leaves its
/// paths as they are: what is only true of several is tested elsewhere.
inline std::vector<std::string> pcr_states() {
    std::vector<std::string> states;
    for (const char* state : {"sol5", "sol6"})
        if (has_state(state)) states.push_back(state);
    return states;
}

/// Runs the parameterized tests of `suite` in each of pcr_states().
#define IN_PCR_STATES(suite)                                           \
    GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(suite);              \
    INSTANTIATE_TEST_SUITE_P(, suite, testing::ValuesIn(pcr_states()), \
                             [](const auto& state) { return state.param; })
