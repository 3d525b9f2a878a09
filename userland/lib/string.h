/// @file
/// Bytes and null-terminated strings. The mem functions are also called by code that the compiler makes by
/// itself (to copy a structure, for example), so every program needs them.
#pragma once

#include <cstddef>

extern "C" {
/// Copies `size` bytes between places that do not overlap. Returns `to`.
void* memcpy(void* to, const void* from, size_t size);
/// Copies `size` bytes between places that may overlap. Returns `to`.
void* memmove(void* to, const void* from, size_t size);
/// Sets `size` bytes to `value`. Returns `to`.
void* memset(void* to, int value, size_t size);
/// Negative, 0 or positive, as the first bytes that differ compare as unsigned numbers.
int memcmp(const void* a, const void* b, size_t size);
/// Bytes before the terminating null.
size_t strlen(const char* text);
}

/// Negative, 0 or positive, as the first characters that differ compare as unsigned numbers.
int strcmp(const char* a, const char* b);
/// True when both are the same text.
inline bool same(const char* a, const char* b) {
    return strcmp(a, b) == 0;
}
/// The first `wanted` in `text`, or null.
const char* strchr(const char* text, char wanted);
/// Copies as much of `text` as fits into `size` bytes with a terminating null. False when it did not fit.
bool copy_text(char* to, size_t size, const char* text);
/// Reads all of `text` as a decimal number, with an optional minus sign. False when it is none or too large.
bool parse_number(const char* text, long& value);
