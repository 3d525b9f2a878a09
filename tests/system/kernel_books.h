/// @file
/// What the kernel has given away, for tests that nothing of it is lost.
#pragma once

#include <cstdint>
#include <iosfwd>

#include <tests/system/shell_session.h>

/// The kernel's books, while nothing but the shell and init is there.
struct Books {
    uint64_t free_frames = 0;  ///< with those that the kernel keeps for stacks to come, and the heap's slabs
    uint64_t heap_bytes = 0;   ///< tasks, inodes, open files, pipes, address spaces, names of files
    size_t tasks = 0;
    bool operator==(const Books&) const = default;
};

void PrintTo(const Books& books, std::ostream* out);

/// Reads the kernel's books when as many tasks as before, or fewer, are left: init may still have orphans to
/// bury.
Books read_books(harness::Machine& machine, ShellSession& shell, size_t tasks_before = 0);
