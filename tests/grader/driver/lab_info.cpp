/// @file
/// Parses lab.txt: a keyword and its value in each line.
#include <tests/grader/driver/lab_info.h>

#include <fmt/format.h>

#include <charconv>
#include <fstream>

#include <tests/grader/driver/usage_error.h>

namespace grader {

namespace {

/// A path that stays within the tree that it is relative to.
bool is_inner_path(const std::filesystem::path& path) {
    if (path.empty() || path.is_absolute()) return false;
    for (const auto& part : path)
        if (part == "..") return false;
    return true;
}

void take_line(const std::string& keyword, const std::string& value, LabInfo& lab) {
    if (keyword == "title") {
        lab.title = value;
    } else if (keyword == "file") {
        if (!is_inner_path(value)) throw UsageError(fmt::format("\"{}\" is not a path in the tree", value));
        lab.files.push_back(value);
    } else if (keyword == "start-score") {
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), lab.start_score);
        if (error != std::errc() || end != value.data() + value.size())
            throw UsageError(fmt::format("start-score is a number, not \"{}\"", value));
    } else if (keyword == "variant") {
        const size_t space = value.find(' ');
        if (space == std::string::npos) throw UsageError("variant wants a suffix and a word for make");
        lab.variants.push_back({value.substr(0, space), value.substr(space + 1)});
    } else {
        throw UsageError(fmt::format("\"{}\" is not one of title, file, start-score, variant", keyword));
    }
}

}  // namespace

LabInfo read_lab_info(const std::filesystem::path& file) {
    std::ifstream input(file);
    if (!input) throw UsageError(fmt::format("{} can't be read", file.string()));
    LabInfo lab;
    lab.folder = file.parent_path().filename();
    lab.number = std::atoi(lab.folder.c_str());
    int number = 0;
    for (std::string line; std::getline(input, line);) {
        number++;
        if (line.empty() || line[0] == '#') continue;
        const size_t space = line.find(' ');
        try {
            take_line(line.substr(0, space), space == std::string::npos ? "" : line.substr(space + 1), lab);
        } catch (const UsageError& error) {
            throw UsageError(fmt::format("{}, line {}: {}", file.string(), number, error.what()));
        }
    }
    if (lab.files.empty() || lab.title.empty())
        throw UsageError(fmt::format("{} needs a title and at least one file", file.string()));
    return lab;
}

}  // namespace grader
