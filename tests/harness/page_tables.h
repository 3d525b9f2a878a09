/// @file
/// Walks a guest's page tables from outside, so that a test sees what the processor sees.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tests/harness/gdb_stub.h>

namespace harness {

/// One page as the processor maps it: the rights of all levels combined.
struct Mapping {
    uint64_t virt = 0;
    uint64_t phys = 0;
    uint64_t size = 0;  ///< 4 KiB, 2 MiB or 1 GiB
    bool writable = false;
    bool user = false;
    bool nx = false;

    bool operator==(const Mapping&) const = default;
};

/// "ffffffff80000000 -> 100000, 0x1000 bytes, r-x user" for people.
std::string format_mapping(const Mapping& mapping);

/// The 4-level tables (Intel SDM volume 3, section 4.5) under one CR3. Assumes EFER.NXE, as a kernel with W^X
/// has it. Reads each table page once and keeps it: make a new object when the guest has run.
class PageTables {
  public:
    /// Reads `size` bytes of physical memory.
    using PhysicalReader = std::function<std::vector<uint8_t>(uint64_t address, size_t size)>;

    PageTables(PhysicalReader reader, uint64_t cr3);
    /// Tables of a stopped guest.
    PageTables(GdbStub& gdb, uint64_t cr3);

    /// All mappings in order of virtual address. Throws std::runtime_error when the tables don't end, as they
    /// would when one points to itself again and again.
    std::vector<Mapping> mappings();
    /// The mapping that covers `virt`, if any.
    std::optional<Mapping> lookup(uint64_t virt);

  private:
    using Table = std::array<uint64_t, 512>;

    const Table& table(uint64_t address);
    void walk(uint64_t address, int level, Mapping path, std::vector<Mapping>& out);

    PhysicalReader reader_;
    uint64_t root_;
    std::map<uint64_t, Table> cache_;
    size_t visited_ = 0;
};

}  // namespace harness
