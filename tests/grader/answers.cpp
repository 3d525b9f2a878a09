/// @file
/// The judge's side of the conversation with the learner's code.
#include <tests/grader/answers.h>

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include <tests/grader/graded_test.h>
#include <tests/grader/sandbox.h>
#include <tests/harness/process.h>
#include <tests/harness/temp_folder.h>
#include <tests/system/states.h>

namespace grader {

namespace {

constexpr harness::Duration kPatience(10'000);

/// The numbers of one line, which begins with "= ". Throws std::runtime_error.
std::vector<uint64_t> parse_answer(const std::string& line) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word != "=")
        throw std::runtime_error("Your code's program printed something that is no answer: " +
                                 line.substr(0, 80));
    std::vector<uint64_t> numbers;
    while (words >> word) numbers.push_back(std::stoull(word, nullptr, 16));
    return numbers;
}

}  // namespace

std::vector<std::vector<uint64_t>> ask_many(const std::string& question,
                                            const std::vector<std::vector<uint64_t>>& numbers) {
    const harness::TempFolder folder;
    {
        std::ofstream questions(folder / "questions");
        for (const auto& list : numbers) {
            questions << question << std::hex;
            for (const uint64_t number : list) questions << ' ' << number;
            questions << '\n';
        }
    }
    const auto program = built_file(state_under_test(), "answers");
    harness::ProcessOptions options;
    options.command = sandboxed({.readable = {program, folder.path()}, .folder = folder.path()},
                                {program.string(), (folder / "questions").string()});
    options.output = folder / "answers";
    options.file_limit = 16ull << 20;
    options.cpu_seconds = 10;
    harness::Process process(options);
    const auto status = process.wait_status(kPatience * static_cast<int>(harness::time_scale()));
    if (!status) throw std::runtime_error(fmt::format("Your code does not come back from \"{}\".", question));
    if (*status != 0) {
        const std::string said = process.output().substr(0, 2000);
        throw std::runtime_error(fmt::format("Your code {} \"{}\": {}",
                                             said.starts_with("TODO(") ? "does not know yet" : "crashed on",
                                             question, said));
    }
    std::vector<std::vector<uint64_t>> answers;
    std::istringstream lines(process.output());
    for (std::string line; std::getline(lines, line);) answers.push_back(parse_answer(line));
    if (answers.size() != numbers.size())
        throw std::runtime_error(
            fmt::format("Your code gave {} answers to {} questions.", answers.size(), numbers.size()));
    return answers;
}

std::vector<uint64_t> ask(const std::string& question, std::span<const uint64_t> numbers) {
    return ask_many(question, {std::vector<uint64_t>(numbers.begin(), numbers.end())}).front();
}

std::vector<uint64_t> ask(const std::string& question, std::initializer_list<uint64_t> numbers) {
    return ask(question, std::span<const uint64_t>(numbers.begin(), numbers.size()));
}

}  // namespace grader
