/// @file
/// Formatted output. Knows `%d %i %u %x %o %c %s %p %%`, the lengths `l` and `z`, a width (`*` too), zero
/// padding, `-` for left-justified, and a precision (`.*` too) for `%s`.
#pragma once

#include <cstdarg>
#include <cstddef>

/// Writes to descriptor 1.
[[gnu::format(printf, 1, 2)]] void print(const char* format, ...);
/// Writes to descriptor `fd`. Output of up to 256 bytes reaches it in one piece.
[[gnu::format(printf, 2, 3)]] void print_to(int fd, const char* format, ...);
/// The same, with the arguments in a list.
[[gnu::format(printf, 2, 0)]] void vprint_to(int fd, const char* format, va_list arguments);
/// Writes as much as fits into `size` bytes with a terminating null. Returns the length of the whole text.
[[gnu::format(printf, 3, 4)]] size_t format_text(char* out, size_t size, const char* format, ...);
/// The same, with the arguments in a list.
[[gnu::format(printf, 3, 0)]] size_t vformat_text(char* out, size_t size, const char* format,
                                                  va_list arguments);
