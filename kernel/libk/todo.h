/// @file
/// For the start of a chapter: what happens when the kernel comes to a part that is still to be written.
#pragma once

#include <kernel/libk/panic.h>

/// Stops with "TODO(part): what. See section ..." where `part` is the number at the TODO in the source, such
/// as "lab1.3", and `what` says what is missing. Any context in which panic() may be called.
[[noreturn]] inline void todo(const char* part, const char* what) {
    panic("TODO(%s): %s. See section %s of the handout, labs/0%c-*/README.md", part, what, part + 3, part[3]);
}
