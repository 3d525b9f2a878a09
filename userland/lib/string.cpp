/// @file
/// Bytes and strings. Written with string instructions and opaque loops because a compiler that recognises a
/// plain loop as, say, memset() replaces it by a call of memset(), here a call of itself without end.
#include <userland/lib/string.h>

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
    void* end = to;
    asm volatile("rep movsb" : "+D"(end), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void* memmove(void* to, const void* from, size_t size) {
    auto* target = static_cast<char*>(to);
    auto* source = static_cast<const char*>(from);
    if (target <= source || target >= source + size) return memcpy(to, from, size);
    // The end of the source would be overwritten before it is read: copy from the end. DF is clear outside.
    target += size - 1;
    source += size - 1;
    asm volatile("std; rep movsb; cld" : "+D"(target), "+S"(source), "+c"(size) : : "memory", "cc");
    return to;
}

void* memset(void* to, int value, size_t size) {
    void* end = to;
    asm volatile("rep stosb" : "+D"(end), "+c"(size) : "a"(value) : "memory");
    return to;
}

int memcmp(const void* a, const void* b, size_t size) {
    auto* left = static_cast<const unsigned char*>(a);
    auto* right = static_cast<const unsigned char*>(b);
    for (size_t i = 0; i < size; ++i) {
        if (left[i] != right[i]) return left[i] - right[i];
        asm volatile("");
    }
    return 0;
}

size_t strlen(const char* text) {
    size_t length = 0;
    while (text[length]) {
        ++length;
        asm volatile("");
    }
    return length;
}

}  // extern "C"

int strcmp(const char* a, const char* b) {
    while (*a && *a == *b) ++a, ++b;
    return static_cast<unsigned char>(*a) - static_cast<unsigned char>(*b);
}

const char* strchr(const char* text, char wanted) {
    for (; *text; ++text)
        if (*text == wanted) return text;
    return nullptr;
}

bool copy_text(char* to, size_t size, const char* text) {
    const size_t length = strlen(text);
    const size_t copied = length < size ? length : size - 1;
    memcpy(to, text, copied);
    to[copied] = '\0';
    return copied == length;
}

bool parse_number(const char* text, long& value) {
    const bool negative = *text == '-';
    if (negative) ++text;
    if (!*text) return false;
    long sum = 0;
    for (; *text; ++text) {
        if (*text < '0' || *text > '9') return false;
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, *text - '0', &sum))
            return false;
    }
    value = negative ? -sum : sum;
    return true;
}
