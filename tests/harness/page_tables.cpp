/// @file
/// A walk through 4-level page tables.
#include <tests/harness/page_tables.h>

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>
#include <utility>

namespace harness {

namespace {

constexpr uint64_t kPresent = 1;
constexpr uint64_t kWritable = 2;
constexpr uint64_t kUser = 4;
constexpr uint64_t kLarge = 0x80;
constexpr uint64_t kNoExecute = 1ull << 63;
constexpr uint64_t kAddressMask = 0x000f'ffff'ffff'f000;
constexpr int kTopLevel = 4;
constexpr size_t kMaximumVisits = 4096;  ///< tables for 8 GiB of 4 KiB pages

/// log2 of the bytes that one entry of a table of this level maps; level 1 is the last.
constexpr int shift_of(int level) {
    return 12 + 9 * (level - 1);
}

/// Bits 63 to 48 repeat bit 47.
constexpr uint64_t canonical(uint64_t address) {
    return static_cast<uint64_t>(static_cast<int64_t>(address << 16) >> 16);
}

bool maps_page(uint64_t entry, int level) {
    return level == 1 || (level < kTopLevel && (entry & kLarge) != 0);
}

/// `path` with what `entry` adds: its rights, and its address as that of the next table or the page.
Mapping follow(Mapping path, uint64_t entry, int level) {
    path.writable = path.writable && (entry & kWritable) != 0;
    path.user = path.user && (entry & kUser) != 0;
    path.nx = path.nx || (entry & kNoExecute) != 0;
    path.size = 1ull << shift_of(level);
    path.phys = entry & kAddressMask;
    // Bit 12 of a large page is its PAT bit.
    if (level > 1 && maps_page(entry, level)) path.phys &= ~(path.size - 1);
    return path;
}

constexpr Mapping kNoRestriction{0, 0, 0, true, true, false};

}  // namespace

std::string format_mapping(const Mapping& mapping) {
    return fmt::format("{:016x} -> {:x}, {:#x} bytes, r{}{}{}", mapping.virt, mapping.phys, mapping.size,
                       mapping.writable ? 'w' : '-', mapping.nx ? '-' : 'x', mapping.user ? " user" : "");
}

PageTables::PageTables(PhysicalReader reader, uint64_t cr3)
    : reader_(std::move(reader)), root_(cr3 & kAddressMask) {}

PageTables::PageTables(GdbStub& gdb, uint64_t cr3)
    : PageTables([&gdb](uint64_t address, size_t size) { return gdb.read_physical(address, size); }, cr3) {}

const PageTables::Table& PageTables::table(uint64_t address) {
    const auto known = cache_.find(address);
    if (known != cache_.end()) return known->second;
    const std::vector<uint8_t> bytes = reader_(address, sizeof(Table));
    if (bytes.size() != sizeof(Table)) throw std::runtime_error("a page table could not be read");
    Table& entries = cache_[address];
    std::memcpy(entries.data(), bytes.data(), sizeof(Table));
    return entries;
}

void PageTables::walk(uint64_t address, int level, Mapping path, std::vector<Mapping>& out) {
    if (++visited_ > kMaximumVisits) throw std::runtime_error("the page tables don't end");
    const Table& entries = table(address);
    for (uint64_t i = 0; i < entries.size(); ++i) {
        if ((entries[i] & kPresent) == 0) continue;
        Mapping next = follow(path, entries[i], level);
        next.virt = canonical(path.virt | i << shift_of(level));
        if (maps_page(entries[i], level)) {
            out.push_back(next);
        } else {
            walk(next.phys, level - 1, next, out);
        }
    }
}

std::vector<Mapping> PageTables::mappings() {
    std::vector<Mapping> result;
    visited_ = 0;
    walk(root_, kTopLevel, kNoRestriction, result);
    return result;
}

std::optional<Mapping> PageTables::lookup(uint64_t virt) {
    if (canonical(virt) != virt) return std::nullopt;
    Mapping path = kNoRestriction;
    path.phys = root_;
    for (int level = kTopLevel; level > 0; --level) {
        const uint64_t entry = table(path.phys)[virt >> shift_of(level) & 511];
        if ((entry & kPresent) == 0) return std::nullopt;
        path = follow(path, entry, level);
        if (maps_page(entry, level)) break;
    }
    path.virt = virt & ~(path.size - 1);
    return path;
}

}  // namespace harness
