/// @file
/// The code that programs enter the kernel and leave it by, up to the first call of C++ and from the last.
#pragma once

#include <string>
#include <vector>

#include <tests/harness/elf_symbols.h>
#include <tests/system/code_listing.h>

/// A stretch of such code, from one of its labels to the next label of other code.
struct EntryPath {
    std::string name;  ///< the label
    std::vector<CodeLine> code;
};

/// All of them: system calls, interrupts, the entries with stacks of their own, and the switch.
std::vector<EntryPath> entry_paths(const std::filesystem::path& elf, const harness::ElfSymbols& symbols);
/// The instructions from `label` up to the next label that is a symbol, whatever it is.
std::vector<CodeLine> code_behind(const std::filesystem::path& elf, const harness::ElfSymbols& symbols,
                                  const std::string& label);
