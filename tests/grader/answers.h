/// @file
/// Asking the learner's code. What a learner wrote never runs in the process that judges: it is compiled into
/// a program of its own, which is asked questions and gives answers. It can't know which answers are right.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace grader {

/// Asks the program made from tests/labs/NN-name/answers.cpp and the submission `question` with numbers, and
/// returns its numbers. Each call starts it anew, in a sandbox, for a few seconds at most. Throws
/// std::runtime_error when it crashes, hangs, or answers with something else.
std::vector<uint64_t> ask(const std::string& question, std::span<const uint64_t> numbers);
std::vector<uint64_t> ask(const std::string& question, std::initializer_list<uint64_t> numbers);
/// Many askings of the same question in one start.
std::vector<std::vector<uint64_t>> ask_many(const std::string& question,
                                            const std::vector<std::vector<uint64_t>>& numbers);

}  // namespace grader
