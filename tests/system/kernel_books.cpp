/// @file
/// Adds up what the kernel says of itself and what lies in its memory.
#include <tests/system/kernel_books.h>

#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <regex>
#include <thread>

#include <tests/system/kernel_view.h>

void PrintTo(const Books& books, std::ostream* out) {
    *out << books.free_frames << " free frames, " << books.heap_bytes << " bytes on the heap, " << books.tasks
         << " tasks";
}

Books read_books(harness::Machine& machine, ShellSession& shell, size_t tasks_before) {
    /// A number of the kernel's own, of one of its files.
    const auto own_value = [&](const std::string& name) {
        return machine.gdb().read_u64(machine.symbols().value("(anonymous namespace)::" + name));
    };
    Books books;
    uint64_t stacks = 0;
    for (int tries = 0;; ++tries) {
        machine.gdb().interrupt();
        books.tasks = read_tasks(machine).size();
        books.heap_bytes = own_value("bytes_in_use");
        stacks = own_value("slots_used");
        machine.gdb().resume();
        if (tries == 50 || tasks_before == 0 || books.tasks <= tasks_before) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    const std::string text = shell.run("cat /proc/meminfo");
    std::smatch match;
    if (!std::regex_search(text, match, std::regex("MemFree: +(\\d+) kB[^]*Slab: +(\\d+) kB"))) {
        ADD_FAILURE() << text;
        return books;
    }
    // The same objects may lie in more slabs than before, or fewer: those frames are the heap's.
    books.free_frames = (std::stoull(match[1]) + std::stoull(match[2])) / 4;
    // A stack that was needed once stays mapped, for as many tasks at a time as there ever were: its frames,
    // and a page table for each 2 MiB, half of which are guards.
    const uint64_t size = kernel_stack_size(machine);
    const uint64_t a_table = (2 << 20) / (2 * size);
    books.free_frames += stacks * (size / 4096) + (stacks + a_table - 1) / a_table;
    return books;
}
