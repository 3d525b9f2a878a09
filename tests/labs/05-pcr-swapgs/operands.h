/// @file
/// Which variables the kernel's instructions name.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <tests/harness/elf_symbols.h>
#include <tests/system/code_listing.h>

/// The kernel's instructions by their addresses.
class Operands {
  public:
    Operands(const std::filesystem::path& elf, const harness::ElfSymbols& symbols);

    /// The writable variable that the instruction at `address` has in its operands, by a constant address:
    /// relative to RIP or absolute. Its name, or its address as text; empty when there is none.
    std::string variable_named_at(uint64_t address) const;
    /// The instruction, for people; empty when `address` is none.
    std::string text(uint64_t address) const;

  private:
    bool is_writable(uint64_t address) const;

    const harness::ElfSymbols& symbols_;
    std::map<uint64_t, CodeLine> code_;
};
