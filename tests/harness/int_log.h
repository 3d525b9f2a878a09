/// @file
/// QEMU's own record of exceptions and interrupts (`-d int,cpu_reset`), which a guest can't forge.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

/// One delivered exception or interrupt, with the state before its delivery.
struct IntEntry {
    uint64_t index = 0;       ///< QEMU's count of deliveries, from 0
    unsigned vector = 0;      ///< 0 to 255
    uint32_t error = 0;       ///< error code, 0 for vectors without one
    bool is_int = false;      ///< raised by an INT, INT3 or INTO instruction
    unsigned cpl = 0;         ///< privilege level that was interrupted
    uint16_t cs = 0, ss = 0;  ///< selectors
    uint64_t rip = 0, rsp = 0;
    // From the register dump that follows; absent when the log was cut there. The log does not number the
    // processors; with several, tr_base or gs_base tells them apart.
    std::optional<uint64_t> cr2, cr3, rflags, gs_base, tr_base;
};

/// The parsed log. Lines that are not understood are skipped.
class IntLog {
  public:
    static IntLog parse(std::string_view text);
    /// Reads a file; a missing one is an empty log.
    static IntLog read(const std::filesystem::path& path);

    const std::vector<IntEntry>& entries() const { return entries_; }
    /// Entries with this vector, oldest first.
    std::vector<IntEntry> with_vector(unsigned vector) const;
    /// Number of triple faults.
    unsigned triple_faults() const { return triple_faults_; }
    /// Number of processor resets; the one at power-on counts, once for each processor.
    unsigned resets() const { return resets_; }

  private:
    void parse_line(std::string_view line);

    std::vector<IntEntry> entries_;
    bool in_dump_ = false;  ///< the dump being read belongs to the last entry
    unsigned triple_faults_ = 0;
    unsigned resets_ = 0;
};

/// "#PF" for 14, "vector 32" where there is no such name.
std::string vector_name(unsigned vector);

/// "v=0e #PF e=0002 cpl=3 at 0033:... rsp 002b:...", one line for people.
std::string format_entry(const IntEntry& entry);

}  // namespace harness
