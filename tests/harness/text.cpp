/// @file
/// Quoting and rendering of text.
#include <tests/harness/text.h>

#include <fmt/format.h>

#include <algorithm>

namespace harness {

namespace {

constexpr size_t kTailBytes = 8192;

bool is_plain_word(std::string_view word) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=,:+@%";
    return !word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos;
}

}  // namespace

std::string shell_quote(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty()) line += ' ';
        if (is_plain_word(word)) {
            line += word;
            continue;
        }
        line += '\'';
        for (char c : word) {
            if (c == '\'') {
                line += "'\\''";
            } else {
                line += c;
            }
        }
        line += '\'';
    }
    return line;
}

std::string printable(std::string_view text) {
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
        if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f)) {
            result += static_cast<char>(c);
        } else {
            result += fmt::format("\\x{:02x}", c);
        }
    }
    return result;
}

std::string printable_tail(std::string_view text, size_t lines) {
    size_t start = text.size();
    if (start > 0 && text[start - 1] == '\n') --start;
    for (size_t found = 0; start > 0; --start) {
        if (text[start - 1] == '\n' && ++found == lines) break;
    }
    const size_t oldest = text.size() - std::min(text.size(), kTailBytes);
    return printable(text.substr(std::max(start, oldest)));
}

}  // namespace harness
