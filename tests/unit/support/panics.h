/// @file
/// Expecting a kernel panic with a certain message.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

/// Runs `action`, which must panic with a message that contains `text`.
template <class F>
void expect_panic(F&& action, const std::string& text) {
    try {
        action();
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find(text), std::string::npos)
            << "the message was: " << error.what();
        return;
    }
    ADD_FAILURE() << "no panic; expected one with: " << text;
}
