/// @file
/// Chapter 3's diagnosis.txt: a learner's answers, and the forms in which they may be written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <tests/harness/machine.h>
#include <tests/system/kernel_view.h>

namespace lab3 {

/// The answers of a file by key.
class Answers {
  public:
    /// Reads lines of the form "key = answer"; "#" begins a line of comment. Throws std::runtime_error for
    /// any other line, a key that is not known, and one that stands twice.
    explicit Answers(const std::filesystem::path& file);

    /// The answer, without space around it. Throws std::runtime_error when the key is missing or has no
    /// answer.
    const std::string& operator[](const std::string& key) const;

  private:
    std::map<std::string, std::string> answers_;
};

/// True when `answer` names the task: its name, its pid, or as in "sh (pid 2)".
bool names_task(const std::string& answer, const TaskView& task);

/// The address that `answer` stands for: a number, a symbol with or without a distance, or a distance from
/// the top of a task's kernel stack. Empty when it is none of these. The guest must be stopped.
std::optional<uint64_t> address_in(const std::string& answer, harness::Machine& machine);

/// The variable's address for "store to VARIABLE"; empty for any other answer.
std::optional<uint64_t> stored_variable_in(const std::string& answer, harness::Machine& machine);

}  // namespace lab3
