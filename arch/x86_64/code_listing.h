/// @file
/// The instructions around an address, for reports.
#pragma once

#include <cstdint>

/// Prints the instructions around `rip`, disassembled in a straight line from `boundary`, an address not
/// above it where an instruction is known to begin, and says so when `rip` is not the beginning of one. Reads
/// under the page tables that `cr3` leads to, unmapped bytes are shown as such. Any context: takes no lock.
void print_code_listing(uint64_t rip, uint64_t boundary, uint64_t cr3);
