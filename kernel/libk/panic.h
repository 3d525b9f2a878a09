/// @file
/// The end of the road, and the assertion that leads there.
#pragma once

/// Prints the message, registers, task and a symbolised backtrace, then stops every processor for good.
/// May be called in any context: it takes no lock and needs no interrupt.
/// Host tests provide their own definition.
[[noreturn]] void panic(const char* format, ...) __attribute__((format(printf, 1, 2)));

/// Panics, naming the condition, unless it holds. Never compiled out: a teaching kernel would rather stop
/// than go on wrongly.
#define KASSERT(condition)                                                         \
    do {                                                                           \
        if (!(condition)) [[unlikely]]                                             \
            panic("assertion failed: %s (%s:%d)", #condition, __FILE__, __LINE__); \
    } while (false)
