/// @file
/// Keeps reports to a size that can be read, whatever a kernel printed.
#pragma once

#include <string>
#include <string_view>

namespace grader {

/// `text` in at most `limit` bytes, at least 100: if it is longer, its beginning, how many bytes
/// are left out, and its end.
inline std::string shortened(std::string_view text, size_t limit) {
    if (text.size() <= limit) return std::string(text);
    constexpr size_t kNote = 50;  // not less than the note in the middle takes
    const size_t half = (limit - kNote) / 2;
    return std::string(text.substr(0, half)) + "\n[" + std::to_string(text.size() - 2 * half) +
           " bytes left out]\n" + std::string(text.substr(text.size() - half));
}

}  // namespace grader
