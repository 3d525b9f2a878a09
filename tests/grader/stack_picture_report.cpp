/// @file
/// Draws a stack: a box for each word, its offset to the left, its meaning to the right.
#include <tests/grader/stack_picture_report.h>

#include <fmt/format.h>

#include <algorithm>

#include <tests/grader/printable_report.h>

namespace grader {

namespace {

constexpr size_t kMostWords = 64;
constexpr size_t kLongestValue = 18;
constexpr size_t kLongestMeaning = 80;
constexpr size_t kRow = 22;
constexpr size_t kMargin = 8;
constexpr size_t kCharacter = 8;  ///< an upper bound of the width of a character
constexpr size_t kBox = 72;       ///< where the boxes begin
constexpr size_t kBoxWidth = kLongestValue * kCharacter;
constexpr size_t kMeaning = kBox + kBoxWidth + kMargin;

std::string cut(const std::string& text, size_t length) {
    return text.size() <= length ? text : text.substr(0, length - 3) + "...";
}

std::string row(const StackWord& word, size_t index, size_t y) {
    const std::string offset = index == 0 ? "RSP \u2192" : fmt::format("+{:#x}", 8 * index);
    return fmt::format(
        R"(<g class="{}{}"><title>{}</title><text class="offset" x="{}" y="{}" text-anchor="end">{}</text>)"
        R"(<rect x="{}" y="{}" width="{}" height="{}"/><text x="{}" y="{}">{}</text><text x="{}" y="{}">{}</text></g>)"
        "\n",
        word.meaning.empty() ? "data" : "code", index == 0 ? " top" : "",
        escaped_text(one_line(word.address + ": " + word.value + " " + word.meaning)), kBox - kMargin, y + 15,
        offset, kBox, y, kBoxWidth, kRow, kBox + 6, y + 15,
        escaped_text(one_line(cut(word.value, kLongestValue))), kMeaning, y + 15,
        escaped_text(one_line(cut(word.meaning, kLongestMeaning))));
}

}  // namespace

std::string stack_picture(const std::vector<StackWord>& words) {
    const size_t count = std::min(words.size(), kMostWords);
    size_t longest = 0;
    for (size_t i = 0; i < count; i++)
        longest = std::max(longest, std::min(words[i].meaning.size(), kLongestMeaning));
    const size_t width = kMeaning + longest * kCharacter + kMargin;
    const size_t height = count * kRow + 2 * kMargin;
    std::string text = fmt::format(
        R"(<div class="picture"><svg width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" aria-label="{2} words of the stack">)"
        "\n",
        width, height, count);
    for (size_t i = 0; i < count; i++) text += row(words[i], i, kMargin + (count - 1 - i) * kRow);
    return text + "</svg></div>\n";
}

}  // namespace grader
