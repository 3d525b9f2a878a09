/// @file
/// What must hold in every address space of the kernel: nothing both writable and executable, and each part
/// of memory with the rights that it needs and no others.
#pragma once

#include <string>

#include <tests/harness/machine.h>

/// Checks the address space under `cr3` and gives one line for each violation; empty when all is well. The
/// guest must be stopped. Does not check guard pages: see unguarded_stacks().
std::string audit_address_space(harness::Machine& machine, uint64_t cr3);

/// One line for each stack of `tops` that is not wholly mapped, or whose guard, as large as the stack itself
/// and right below it, is not wholly unmapped.
std::string unguarded_stacks(harness::Machine& machine, uint64_t cr3, const std::vector<uint64_t>& tops);
