/// @file
/// Boot modules of the grader's own: programs that the learner has not seen run with numbers that nobody
/// could know, and what they leave in memory is looked at from outside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tests/harness/machine.h>
#include <tests/harness/temp_folder.h>

namespace grader {

/// A program of the state under test, such as "tests/digest", as an ELF file in memory in which variables can
/// be set.
class Program {
  public:
    /// Reads $B/programs/`name` of the state under test.
    explicit Program(const std::string& name);
    /// Sets the initialised 64-bit variable `symbol` (in .data, not .bss).
    void set(std::string_view symbol, uint64_t value);
    const std::vector<uint8_t>& image() const { return image_; }
    /// An address in the program.
    uint64_t address(std::string_view symbol) const;

  private:
    std::string name_;
    std::vector<uint8_t> image_;
};

/// A cpio archive ("newc") in the making. Folders are added by themselves.
class BootModule {
  public:
    void add(const std::string& path, std::vector<uint8_t> content, uint32_t mode = 0100755);
    /// Writes it to a file that lives as long as this object.
    std::filesystem::path write();

  private:
    std::map<std::string, std::pair<uint32_t, std::vector<uint8_t>>> files_;
    std::unique_ptr<harness::TempFolder> folder_ = std::make_unique<harness::TempFolder>();
};

/// The archive with `program` as /init, the one thing that the kernel starts.
BootModule as_init(const Program& program);

/// What a program computes over a nonce; userland/tests/digest.h does the same in the guest.
uint64_t digest(uint64_t nonce, uint64_t rounds);

}  // namespace grader
