/// @file
/// The C standard's memory and string functions. Compilers turn plain copying, filling and counting loops
/// into calls of the very functions that stand here, so each loop is either a string instruction or goes
/// through opaque(), which keeps the compiler from recognising it.

#include <kernel/libk/string.h>

#include <cstdint>

namespace {

/// Eight bytes at any address, of any type.
using Word [[gnu::may_alias, gnu::aligned(1)]] = uint64_t;

/// The same pointer; the compiler can't tell.
template <class T>
T* opaque(T* pointer) {
    asm volatile("" : "+r"(pointer));
    return pointer;
}

}  // namespace

extern "C" {

void* memcpy(void* destination, const void* source, size_t count) {
    void* to = destination;
    size_t words = count / 8;
    size_t rest = count % 8;
    asm volatile("rep movsq" : "+D"(to), "+S"(source), "+c"(words) : : "memory");
    asm volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(rest) : : "memory");
    return destination;
}

void* memmove(void* destination, const void* source, size_t count) {
    auto* to = static_cast<unsigned char*>(destination);
    const auto* from = static_cast<const unsigned char*>(source);
    // Ascending order only harms source bytes that lie within `count` behind the destination's start.
    if (reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from) >= count)
        return memcpy(destination, source, count);

    // Descending without `std`: an interrupt in between would otherwise find DF set.
    while (count % 8 != 0) {
        --count;
        opaque(to)[count] = from[count];
    }
    while (count > 0) {
        count -= 8;
        *reinterpret_cast<Word*>(opaque(to + count)) = *reinterpret_cast<const Word*>(from + count);
    }
    return destination;
}

void* memset(void* destination, int value, size_t count) {
    void* to = destination;
    const uint64_t pattern = static_cast<unsigned char>(value) * 0x0101010101010101ull;
    size_t words = count / 8;
    size_t rest = count % 8;
    asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    asm volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
    return destination;
}

int memcmp(const void* left, const void* right, size_t count) {
    const auto* a = static_cast<const unsigned char*>(left);
    const auto* b = static_cast<const unsigned char*>(right);
    for (; count > 0; --count, ++a, ++b) {
        if (*opaque(a) != *b) return *a - *b;
    }
    return 0;
}

void* memchr(const void* memory, int value, size_t count) {
    const auto* byte = static_cast<const unsigned char*>(memory);
    for (; count > 0; --count, ++byte) {
        if (*opaque(byte) == static_cast<unsigned char>(value)) return const_cast<unsigned char*>(byte);
    }
    return nullptr;
}

size_t strnlen(const char* string, size_t count) {
    const char* end = string;
    while (count-- > 0 && *opaque(end) != '\0') ++end;
    return static_cast<size_t>(end - string);
}

size_t strlen(const char* string) {
    return strnlen(string, SIZE_MAX);
}

}  // extern "C"
