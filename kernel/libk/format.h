/// @file
/// Formatting text as printf does, into anything that takes characters. Allocates nothing and takes no lock.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <span>

/// Where formatted text goes: `write` is called with one piece after the other.
struct Sink {
    void (*write)(void* context, std::span<const char> text);  ///< takes the next piece
    void* context;                                             ///< passed on to it
};

/// Writes `format` and its arguments to `sink` and returns the number of characters.
///
/// Conversions: %d %i %u %x %X (as %x) %c %s %p %%, with the flags `0` and `-`, a width, a precision (of %s;
/// it may be `*`) and the lengths l ll z. A null string prints as "(null)". %p prints 0x and the digits. From
/// an unknown conversion on, the rest of `format` is written as it stands: the arguments can no longer be
/// told apart. Any context in which the sink may be called.
size_t vformat(Sink sink, const char* format, va_list arguments) __attribute__((format(printf, 2, 0)));

/// Formats into `out`, cut to fit and always with a terminating null (unless `out` is empty). Returns the
/// length the whole text has, without the null. Any context.
size_t format_to(std::span<char> out, const char* format, ...) __attribute__((format(printf, 2, 3)));
