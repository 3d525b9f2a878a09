/// @file
/// panic() for host tests: an exception with the message, so that a test can expect it.

#include <kernel/libk/panic.h>

#include <cstdarg>
#include <cstdio>
#include <stdexcept>

void panic(const char* format, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    throw std::runtime_error(message);
}
