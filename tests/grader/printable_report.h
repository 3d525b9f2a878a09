/// @file
/// Makes what a submission's compiler, kernel or file names said fit to be shown: none of it is trusted.
#pragma once

#include <string>
#include <string_view>

namespace grader {

/// `text` as valid UTF-8 in which every character can be seen: control characters other than newline and tab,
/// bytes that are not UTF-8, and characters that change the direction of writing become `\xNN`, byte by byte.
/// Very long lines and very long texts are shortened. Characters that mean something to HTML or XML are kept.
std::string printable_text(std::string_view text);

/// printable_text() without newlines at its beginning and end and with `prefix` before each line. With a
/// prefix that is not blank the text can't contain a command for a program that reads logs, such as GitHub's
/// runner, which obeys lines that begin with "::" and whatever follows "##[".
std::string quoted_text(std::string_view text, std::string_view prefix);

/// quoted_text() without a prefix, in one line: newlines and tabs become spaces.
std::string one_line(std::string_view text);

/// printable_text() with the characters replaced that mean something to HTML and XML, in attributes too.
std::string escaped_text(std::string_view text);

}  // namespace grader
