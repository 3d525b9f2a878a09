/// @file
/// A small reader of ELF64 files (System V ABI, "Object Files") that trusts nothing in them.
#include <tests/harness/elf_symbols.h>

#include <cxxabi.h>
#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

namespace harness {

namespace {

std::vector<uint8_t> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw ElfError(path.string() + ": can't be opened");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Copies, because nothing in the file need be aligned. The caller has checked that it is there.
template <class T>
T load(std::span<const uint8_t> bytes, uint64_t offset = 0) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

std::string demangle(const std::string& name) {
    if (!name.starts_with("_Z")) return name;
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> text(
        abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
    return status == 0 ? std::string(text.get()) : name;
}

}  // namespace

std::string without_arguments(std::string_view demangled) {
    // The argument list is the last balanced pair of parentheses; only qualifiers follow it.
    const size_t close = demangled.rfind(')');
    if (close == std::string_view::npos) return std::string(demangled);
    const std::string_view rest = demangled.substr(close + 1);
    if (!rest.empty() && rest[0] != ' ') return std::string(demangled);  // "(anonymous namespace)::name"
    int depth = 0;
    for (size_t i = close + 1; i-- > 0;) {
        if (demangled[i] == ')') ++depth;
        if (demangled[i] == '(' && --depth == 0) return std::string(demangled.substr(0, i));
    }
    return std::string(demangled);
}

ElfSymbols::ElfSymbols(const std::filesystem::path& path) : ElfSymbols(read_file(path), path.string()) {}

ElfSymbols::ElfSymbols(std::vector<uint8_t> image, std::string origin)
    : image_(std::move(image)), origin_(std::move(origin)) {
    read();
}

void ElfSymbols::fail(const std::string& what) const {
    throw ElfError(origin_ + ": " + what);
}

std::span<const uint8_t> ElfSymbols::slice(uint64_t offset, uint64_t size, const char* what) const {
    if (offset > image_.size() || size > image_.size() - offset) {
        fail(fmt::format("{} at {:#x}, {:#x} bytes, lies beyond the end of the file", what, offset, size));
    }
    return std::span(image_).subspan(offset, size);
}

std::string ElfSymbols::string_at(std::span<const uint8_t> strings, uint64_t offset) const {
    if (offset >= strings.size()) fail("a name lies beyond its string table");
    const auto start = strings.begin() + static_cast<ptrdiff_t>(offset);
    const auto end = std::find(start, strings.end(), uint8_t{0});
    if (end == strings.end()) fail("a name does not end within its string table");
    return std::string(start, end);
}

void ElfSymbols::read() {
    const auto header = load<Elf64_Ehdr>(slice(0, sizeof(Elf64_Ehdr), "the ELF header"));
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) fail("not an ELF file");
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
        fail("not a little-endian ELF64 file");
    }
    entry_ = header.e_entry;

    if (header.e_phnum > 0) {
        if (header.e_phentsize != sizeof(Elf64_Phdr)) fail("program headers of a strange size");
        const auto table =
            slice(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), "the program header table");
        for (uint64_t i = 0; i < header.e_phnum; ++i) {
            const auto segment = load<Elf64_Phdr>(table, i * sizeof(Elf64_Phdr));
            if (segment.p_type != PT_LOAD) continue;
            slice(segment.p_offset, segment.p_filesz, "a segment");
            segments_.push_back({segment.p_vaddr, segment.p_offset, segment.p_filesz});
        }
    }

    if (header.e_shnum == 0) return;
    if (header.e_shentsize != sizeof(Elf64_Shdr)) fail("section headers of a strange size");
    const auto table =
        slice(header.e_shoff, uint64_t{header.e_shnum} * sizeof(Elf64_Shdr), "the section header table");
    std::vector<Elf64_Shdr> headers;
    for (uint64_t i = 0; i < header.e_shnum; ++i) {
        headers.push_back(load<Elf64_Shdr>(table, i * sizeof(Elf64_Shdr)));
        const bool has_content = headers[i].sh_type != SHT_NOBITS && headers[i].sh_type != SHT_NULL;
        section_contents_.push_back(has_content ? slice(headers[i].sh_offset, headers[i].sh_size, "a section")
                                                : std::span<const uint8_t>());
    }
    if (header.e_shstrndx >= header.e_shnum) fail("the section names' table does not exist");
    for (const Elf64_Shdr& section : headers) {
        sections_.push_back({string_at(section_contents_[header.e_shstrndx], section.sh_name),
                             section.sh_addr, section.sh_size, section.sh_flags});
    }

    for (size_t i = 0; i < headers.size(); ++i) {
        if (headers[i].sh_type != SHT_SYMTAB) continue;
        if (headers[i].sh_link >= header.e_shnum) fail("the symbols' string table does not exist");
        const auto strings = section_contents_[headers[i].sh_link];
        const auto entries = section_contents_[i];
        for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= entries.size(); at += sizeof(Elf64_Sym)) {
            const auto raw = load<Elf64_Sym>(entries, at);
            const unsigned type = ELF64_ST_TYPE(raw.st_info);
            if (raw.st_name == 0 || raw.st_shndx == SHN_UNDEF || type == STT_FILE || type == STT_SECTION) {
                continue;
            }
            std::string name = string_at(strings, raw.st_name);
            std::string demangled = demangle(name);
            symbols_.push_back({std::move(name), std::move(demangled), raw.st_value, raw.st_size,
                                raw.st_shndx == SHN_ABS, type == STT_FUNC});
        }
    }
    std::stable_sort(symbols_.begin(), symbols_.end(),
                     [](const Symbol& a, const Symbol& b) { return a.value < b.value; });
    for (size_t i = 0; i < symbols_.size(); ++i) {
        by_name_.emplace(symbols_[i].name, i);
        const std::string bare = without_arguments(symbols_[i].demangled);
        if (bare != symbols_[i].name) by_name_.emplace(bare, i);
    }
}

const Symbol* ElfSymbols::find(std::string_view name) const {
    const auto [first, last] = by_name_.equal_range(name);
    if (first == last) return nullptr;
    const Symbol& found = symbols_[first->second];
    for (auto other = first; other != last; ++other) {
        if (symbols_[other->second].value != found.value) {
            fail(fmt::format("'{}' is the name of several symbols, such as '{}' and '{}'", name,
                             found.demangled, symbols_[other->second].demangled));
        }
    }
    return &found;
}

const Symbol& ElfSymbols::symbol(std::string_view name) const {
    const Symbol* found = find(name);
    if (!found) fail(fmt::format("no symbol '{}'", name));
    return *found;
}

bool ElfSymbols::in_one_section(uint64_t first, uint64_t second) const {
    return std::any_of(sections_.begin(), sections_.end(), [=](const Section& section) {
        return (section.flags & SHF_ALLOC) != 0 && first - section.address < section.size &&
               second - section.address < section.size;
    });
}

const Symbol* ElfSymbols::covering(uint64_t address) const {
    auto next = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                 [](uint64_t value, const Symbol& symbol) { return value < symbol.value; });
    // Of the symbols before the address, the nearest that can reach it; assembly labels have no size and
    // reach as far as the next symbol.
    const Symbol* label = nullptr;
    while (next != symbols_.begin()) {
        const Symbol& symbol = *--next;
        if (symbol.absolute) continue;
        if (symbol.size > address - symbol.value) return &symbol;
        if (symbol.size != 0) break;
        if (!label && in_one_section(symbol.value, address)) label = &symbol;
    }
    return label;
}

std::string ElfSymbols::describe(uint64_t address) const {
    const Symbol* symbol = covering(address);
    if (!symbol) return fmt::format("{:#x}", address);
    return fmt::format("{}+{:#x}", without_arguments(symbol->demangled), address - symbol->value);
}

std::span<const uint8_t> ElfSymbols::bytes_at(uint64_t address, uint64_t size) const {
    for (const Segment& segment : segments_) {
        const uint64_t offset = address - segment.address;
        if (address >= segment.address && offset <= segment.file_size && size <= segment.file_size - offset) {
            return std::span(image_).subspan(segment.offset + offset, size);
        }
    }
    fail(fmt::format("no {:#x} bytes at {:#x} in the file", size, address));
}

std::span<const uint8_t> ElfSymbols::section_bytes(std::string_view name) const {
    for (size_t i = 0; i < sections_.size(); ++i) {
        if (sections_[i].name == name && (!section_contents_[i].empty() || sections_[i].size == 0)) {
            return section_contents_[i];
        }
    }
    fail(fmt::format("no section '{}' with content", name));
}

}  // namespace harness
