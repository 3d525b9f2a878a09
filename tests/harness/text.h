/// @file
/// Text helpers for reports: quoting for the shell, and rendering what a guest printed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

/// `words` as one line that a POSIX shell splits back into exactly these words.
std::string shell_quote(const std::vector<std::string>& words);

/// `text` with every byte that is neither printable ASCII, newline nor tab as `\xNN`; carriage returns at the
/// end of lines are dropped.
std::string printable(std::string_view text);

/// The last `lines` lines of `text`, printable, at most 8 KiB of it.
std::string printable_tail(std::string_view text, size_t lines);

}  // namespace harness
