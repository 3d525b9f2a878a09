/// @file
/// Decodes UTF-8 and replaces what can't be shown.
#include <tests/grader/printable_report.h>

#include <fmt/format.h>

#include <algorithm>

#include <tests/grader/shortened.h>

namespace grader {

namespace {

constexpr size_t kLongestText = 32 * 1024;
constexpr size_t kLongestLine = 1000;

/// The length of the UTF-8 character that `text` begins with, and its number; 0 when it is none.
size_t decode(std::string_view text, char32_t& character) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 0 || first > 0xf4 || text.size() < length) return 0;
    character = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
        character = character << 6 | (byte(i) & 0x3fu);
    }
    const bool surrogate = character >= 0xd800 && character < 0xe000;
    const bool longer_than_needed =
        (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
    return surrogate || longer_than_needed || character > 0x10ffff ? 0 : length;
}

bool is_visible(char32_t c) {
    if (c == '\n' || c == '\t') return true;
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;
    if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
        return false;
    // A byte order mark, and the numbers that are no characters: XML has no way to say the latter.
    return c != 0xfeff && (c & 0xfffe) != 0xfffe && !(c >= 0xfdd0 && c <= 0xfdef);
}

/// Each line no longer than kLongestLine, the text no longer than kLongestText.
std::string in_bounds(std::string_view text) {
    std::string result;
    const std::string bounded = shortened(text, kLongestText);
    for (size_t start = 0; start < bounded.size();) {
        const size_t end = std::min(bounded.find('\n', start), bounded.size() - 1) + 1;
        const std::string_view line = std::string_view(bounded).substr(start, end - start);
        result += shortened(line, kLongestLine);
        start = end;
    }
    return result;
}

const char* entity_of(char c) {
    switch (c) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '"':
            return "&quot;";
        case '\'':
            return "&#39;";
        default:
            return nullptr;
    }
}

}  // namespace

std::string printable_text(std::string_view text) {
    const std::string bounded = in_bounds(text);
    std::string result;
    for (std::string_view rest = bounded; !rest.empty();) {
        char32_t character = 0;
        const size_t length = decode(rest, character);
        if (length != 0 && is_visible(character)) {
            result += rest.substr(0, length);
        } else if (!rest.starts_with("\r\n")) {
            for (const char byte : rest.substr(0, std::max<size_t>(length, 1)))
                result += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        }
        rest.remove_prefix(std::max<size_t>(length, 1));
    }
    return result;
}

std::string quoted_text(std::string_view text, std::string_view prefix) {
    std::string clean = printable_text(text);
    while (clean.ends_with('\n')) clean.pop_back();
    clean.erase(0, clean.find_first_not_of('\n'));
    std::string result(prefix);
    for (size_t i = 0; i < clean.size(); i++) {
        result += clean[i];
        if (clean[i] == '\n') result += prefix;
        if (clean[i] == '#' && std::string_view(clean).substr(i + 1).starts_with("#[")) result += ' ';
    }
    return result;
}

std::string one_line(std::string_view text) {
    std::string result = quoted_text(text, "");
    std::replace_if(
        result.begin(), result.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return result;
}

std::string escaped_text(std::string_view text) {
    std::string result;
    for (const char c : printable_text(text)) {
        if (const char* entity = entity_of(c))
            result += entity;
        else
            result += c;
    }
    return result;
}

}  // namespace grader
