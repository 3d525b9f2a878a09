/// @file
/// Cuts the code of the entry paths by the labels in the symbol table.
#include <tests/system/entry_paths.h>

#include <algorithm>

namespace {

/// Every label on such a path, in some state or other.
constexpr const char* kLabels[] = {
    "interrupt_stubs", "interrupt_entry", "interrupt_call",      "interrupt_exit",     "interrupt_return",
    "nmi_entry",       "debug_entry",     "machine_check_entry", "double_fault_entry", "ist_entry",
    "syscall_entry",   "syscall_exit",    "syscall_return",      "switch_context"};

/// The address of the first symbol behind `address`.
uint64_t next_label(const harness::ElfSymbols& symbols, uint64_t address) {
    for (const harness::Symbol& symbol : symbols.all())
        if (!symbol.absolute && symbol.value > address) return symbol.value;
    return address;
}

}  // namespace

std::vector<CodeLine> code_behind(const std::filesystem::path& elf, const harness::ElfSymbols& symbols,
                                  const std::string& label) {
    const uint64_t start = symbols.value(label);
    return list_code(elf, start, next_label(symbols, start));
}

std::vector<EntryPath> entry_paths(const std::filesystem::path& elf, const harness::ElfSymbols& symbols) {
    std::vector<EntryPath> paths;
    for (const char* label : kLabels)
        if (symbols.find(label)) paths.push_back({label, code_behind(elf, symbols, label)});
    return paths;
}
