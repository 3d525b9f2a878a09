/// @file
/// Reads the operands that objdump prints.
#include <tests/labs/05-pcr-swapgs/operands.h>

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <regex>

Operands::Operands(const std::filesystem::path& elf, const harness::ElfSymbols& symbols) : symbols_(symbols) {
    for (const harness::Section& section : symbols.sections()) {
        if (section.name != ".text") continue;
        for (CodeLine& line : list_code(elf, section.address, section.address + section.size))
            code_.emplace(line.address, std::move(line));
    }
}

std::string Operands::variable_named_at(uint64_t address) const {
    const auto line = code_.find(address);
    if (line == code_.end()) return "";
    const std::regex numbers("(-?)0x([0-9a-f]+)");
    const std::string& operands = line->second.operands;
    for (std::sregex_iterator match(operands.begin(), operands.end(), numbers), end; match != end; ++match) {
        uint64_t value = std::stoull((*match)[2], nullptr, 16);
        if ((*match)[1].length() > 0) value = -value;
        const std::string rest = match->suffix();
        if (rest.starts_with("(%rip)")) value += std::next(line) == code_.end() ? 0 : std::next(line)->first;
        if (!is_writable(value)) continue;
        const harness::Symbol* variable = symbols_.covering(value);
        return variable ? variable->name : fmt::format("{:#x}", value);
    }
    return "";
}

std::string Operands::text(uint64_t address) const {
    const auto line = code_.find(address);
    return line == code_.end() ? "" : line->second.mnemonic + " " + line->second.operands;
}

bool Operands::is_writable(uint64_t address) const {
    return std::any_of(symbols_.sections().begin(), symbols_.sections().end(),
                       [&](const harness::Section& section) {
                           return (section.flags & SHF_WRITE) != 0 && address >= section.address &&
                                  address < section.address + section.size;
                       });
}
