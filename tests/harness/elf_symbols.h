/// @file
/// Symbols, sections and loaded bytes of the kernel's ELF file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

/// The file is not an ELF file that this reader understands, or it contradicts itself, or it lacks what was
/// asked for. what() names the file.
class ElfError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// An entry of the symbol table.
struct Symbol {
    std::string name;       ///< as in the file
    std::string demangled;  ///< C++ name with its arguments; like `name` for others
    uint64_t value = 0;     ///< address, or the plain number of an absolute symbol
    uint64_t size = 0;      ///< in bytes, 0 when unknown
    bool absolute = false;
    bool function = false;
};

/// A section's header.
struct Section {
    std::string name;
    uint64_t address = 0;
    uint64_t size = 0;
    uint64_t flags = 0;  ///< SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR of <elf.h>
};

/// A little-endian ELF64 file in memory. Every offset in it is checked before it is used.
class ElfSymbols {
  public:
    /// Reads a file. Throws ElfError.
    explicit ElfSymbols(const std::filesystem::path& path);
    /// Reads an image that is in memory; `origin` names it in errors.
    ElfSymbols(std::vector<uint8_t> image, std::string origin);

    /// All named symbols, in order of their values.
    /// The file itself.
    std::span<const uint8_t> image() const { return image_; }
    const std::vector<Symbol>& all() const { return symbols_; }
    const std::vector<Section>& sections() const { return sections_; }
    uint64_t entry() const { return entry_; }

    /// The symbol called `name`: its name in the file, or the C++ name without arguments such as
    /// "Scheduler::schedule". Throws ElfError when there is none, or when several with different values fit.
    const Symbol& symbol(std::string_view name) const;
    /// The same, or null when there is none.
    const Symbol* find(std::string_view name) const;
    /// Value of a symbol: an address, or the number an absolute symbol such as OFFSETOF_Task_pid stands for.
    uint64_t value(std::string_view name) const { return symbol(name).value; }

    /// The function or object that covers `address`, or null. Absolute symbols don't count.
    const Symbol* covering(uint64_t address) const;
    /// "name+0x12", with the C++ name without arguments; the bare number when no symbol covers it.
    std::string describe(uint64_t address) const;

    /// `size` bytes of the image as loaded at virtual `address`; what the file does not hold (.bss) is not
    /// given: throws ElfError, also when no segment covers all of it.
    std::span<const uint8_t> bytes_at(uint64_t address, uint64_t size) const;
    /// Content of a section. Throws ElfError when it is missing or has no content in the file.
    std::span<const uint8_t> section_bytes(std::string_view name) const;

  private:
    struct Segment {
        uint64_t address, offset, file_size;
    };
    [[noreturn]] void fail(const std::string& what) const;
    std::span<const uint8_t> slice(uint64_t offset, uint64_t size, const char* what) const;
    std::string string_at(std::span<const uint8_t> strings, uint64_t offset) const;
    bool in_one_section(uint64_t first, uint64_t second) const;
    void read();

    std::vector<uint8_t> image_;
    std::string origin_;
    uint64_t entry_ = 0;
    std::vector<Segment> segments_;
    std::vector<Section> sections_;
    std::vector<std::span<const uint8_t>> section_contents_;
    std::vector<Symbol> symbols_;
    std::multimap<std::string, size_t, std::less<>> by_name_;
};

/// A demangled C++ name without its arguments: "f" for "f(int)", "A::g" for "A::g() const".
std::string without_arguments(std::string_view demangled);

}  // namespace harness
