/// @file
/// Names for addresses, and the calls that led somewhere.
#pragma once

#include <cstdint>

/// A place in the kernel's text: `name` + `offset`; name is null outside of it.
struct Symbol {
    const char* name = nullptr;  ///< null-terminated, or null
    uint64_t offset = 0;         ///< bytes behind the symbol's address
};
/// Looks `address` up in the table that the build made from the kernel's symbols. Any context.
Symbol find_symbol(uint64_t address);

/// Prints the calls on the stack from the frame pointer `rbp` on, at most 16, going on through interrupt
/// frames no further. `rip` is the innermost place: that of an instruction, or where a call would have
/// `returned` to. Reads only mapped kernel memory, whatever RBP is. Any context.
void print_backtrace(uint64_t rip, uint64_t rbp, bool returned = false);
