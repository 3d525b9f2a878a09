/// @file
/// What the person who started the grader can put right.
#pragma once

#include <stdexcept>

namespace grader {

/// A wrong argument, a missing folder, a malformed file: what() says what to do.
class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace grader
