/// @file
/// The memory and string functions of the C standard that the kernel provides, because compilers emit calls
/// to them, a copy of strings that cannot overrun, and words.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#if __STDC_HOSTED__
// Host tests: the host's library has them already. string_test.cpp tests ours under other names.
#include <cstring>
#else
extern "C" {
/// As in the C standard. All may be called in any context; DF must be 0, as the ABI demands.
void* memcpy(void* destination, const void* source, size_t count);
void* memmove(void* destination, const void* source, size_t count);  ///< as memcpy(), and the two may overlap
void* memset(void* destination, int value, size_t count);            ///< as in the C standard
int memcmp(const void* left, const void* right, size_t count);       ///< as in the C standard
void* memchr(const void* memory, int value, size_t count);           ///< as in the C standard
size_t strlen(const char* string);                                   ///< as in the C standard
size_t strnlen(const char* string, size_t count);                    ///< as in POSIX
}
#endif

/// Copies as much of `text` to `out` as fits before a terminating null, which is always written unless `out`
/// is empty. Returns the characters copied, without the null: less than text.size() when it was cut. Any
/// context.
inline size_t copy_string(std::span<char> out, std::string_view text) {
    if (out.empty()) return 0;
    const size_t length = text.size() < out.size() ? text.size() : out.size() - 1;
    if (length > 0) __builtin_memcpy(out.data(), text.data(), length);
    out[length] = '\0';
    return length;
}

/// Splits off the first word of `text`, whose words any number of the characters `separators` keep apart:
/// skips those in front, returns the word and moves `text` behind it. Empty when nothing is left. Any
/// context.
constexpr std::string_view take_word(std::string_view& text, std::string_view separators) {
    const size_t start = text.find_first_not_of(separators);
    text.remove_prefix(start < text.size() ? start : text.size());
    const std::string_view word = text.substr(0, text.find_first_of(separators));
    text.remove_prefix(word.size());
    return word;
}
