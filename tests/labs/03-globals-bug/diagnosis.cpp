/// @file
/// Parses what people write.
#include <tests/labs/03-globals-bug/diagnosis.h>

#include <fmt/format.h>

#include <fstream>
#include <regex>
#include <set>
#include <stdexcept>

namespace lab3 {

namespace {

const std::set<std::string> kKeys = {"victim_task",         "culprit_task", "slot_address",
                                     "writing_instruction", "window_opens", "window_closes",
                                     "window_function",     "why_if_was_on"};

std::string trimmed(const std::string& text) {
    const size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// A number in decimal or, behind 0x, hexadecimal; the pattern has seen to its form, but for its size.
std::optional<uint64_t> number_in(const std::string& text) {
    try {
        return text.empty() ? 0 : std::stoull(text, nullptr, text.starts_with("0x") ? 16 : 10);
    } catch (const std::out_of_range&) {
        return std::nullopt;
    }
}

}  // namespace

Answers::Answers(const std::filesystem::path& file) {
    std::ifstream lines(file);
    if (!lines) throw std::runtime_error("diagnosis.txt can't be read.");
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        line = trimmed(line);
        if (line.empty() || line[0] == '#') continue;
        const size_t equals = line.find('=');
        const std::string where = fmt::format("diagnosis.txt, line {}: ", number);
        if (equals == std::string::npos)
            throw std::runtime_error(where + "this is not of the form key = answer.");
        const std::string key = trimmed(line.substr(0, equals));
        if (!kKeys.contains(key)) throw std::runtime_error(where + "there is no key \"" + key + "\".");
        if (answers_.contains(key)) throw std::runtime_error(where + key + " is answered twice.");
        answers_[key] = trimmed(line.substr(equals + 1));
    }
}

const std::string& Answers::operator[](const std::string& key) const {
    const auto found = answers_.find(key);
    if (found == answers_.end()) throw std::runtime_error("diagnosis.txt: the key " + key + " is missing.");
    if (found->second.empty()) throw std::runtime_error("diagnosis.txt: " + key + " has no answer yet.");
    return found->second;
}

bool names_task(const std::string& answer, const TaskView& task) {
    static const std::regex form("(?:pid )?([\\w-]+)(?: \\(pid \\d+\\))?");
    std::smatch match;
    if (!std::regex_match(answer, match, form)) return false;
    return match[1] == task.name || match[1] == std::to_string(task.pid);
}

std::optional<uint64_t> address_in(const std::string& answer, harness::Machine& machine) {
    static const std::regex number("(?:0x)?([0-9a-fA-F]{1,16})");
    static const std::regex stack("([\\w-]+)\\.kstack_top(?:\\s*([+-])\\s*(\\d+|0x[0-9a-fA-F]+))?");
    static const std::regex place("<?([A-Za-z_]\\w*)(?:\\(\\))?(?:\\s*\\+\\s*(\\d+|0x[0-9a-fA-F]+))?>?");
    std::smatch match;
    if (std::regex_match(answer, match, stack)) {
        const auto distance = number_in(match[3]);
        if (!distance) return std::nullopt;
        for (const TaskView& task : read_tasks(machine))
            if (names_task(match[1], task))
                return task.kstack_top + (match[2] == "-" ? -*distance : *distance);
        return std::nullopt;
    }
    if (std::regex_match(answer, match, place)) {
        const harness::Symbol* symbol = machine.symbols().find(match[1].str());
        const auto distance = number_in(match[2]);
        if (symbol && distance) return symbol->value + *distance;
    }
    if (std::regex_match(answer, match, number)) return std::stoull(match[1], nullptr, 16);
    return std::nullopt;
}

std::optional<uint64_t> stored_variable_in(const std::string& answer, harness::Machine& machine) {
    static const std::regex form("store to ([A-Za-z_][\\w.]*)");
    std::smatch match;
    if (!std::regex_match(answer, match, form)) return std::nullopt;
    const harness::Symbol* symbol = machine.symbols().find(match[1].str());
    return symbol ? std::optional(symbol->value) : std::nullopt;
}

}  // namespace lab3
