/// @file
/// Reads what a PVH loader (QEMU's -kernel) says: a start-info block with physical pointers to a memory map,
/// a module list and a command line (Xen's public/arch-x86/hvm/start_info.h). Every pointer is followed
/// through a reader that may refuse.

#include <kernel/boot/boot_info.h>

namespace {

constexpr uint32_t kMagic = 0x336ec578;  ///< "xEn3" with the top bit of the E set

/// Version 1 of the block; later ones only append to it.
struct StartInfo {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;       ///< physical address of ModuleEntry[module_count]
    uint64_t command_line;  ///< physical address of a string, or 0
    uint64_t rsdp;          ///< physical address, or 0
    uint64_t regions;       ///< physical address of E820Entry[region_count]
    uint32_t region_count;
    uint32_t reserved;
};
static_assert(sizeof(StartInfo) == 56);

struct ModuleEntry {
    uint64_t base;
    uint64_t length;
    uint64_t command_line;
    uint64_t reserved;
};
static_assert(sizeof(ModuleEntry) == 32);

/// Copies entry `index` of the array of T at physical address `array`; false when it can't be reached.
template <class T>
bool read_physical(PhysicalReader reader, uint64_t array, uint64_t index, T& out) {
    const uint64_t offset = index * sizeof(T);  // counts are checked to be small before they get here
    if (array > UINT64_MAX - offset - sizeof(T)) return false;
    const std::byte* source = reader(array + offset, sizeof(T));
    if (!source) return false;
    __builtin_memcpy(&out, source, sizeof(T));
    return true;
}

BootError read_command_line(uint64_t address, PhysicalReader reader, BootInfo& out) {
    if (address == 0) return nullptr;
    // Byte by byte: only the null says how much there is to read.
    for (size_t i = 0; i < out.command_line.size(); ++i) {
        if (!read_physical(reader, address, i, out.command_line[i])) {
            out.command_line[0] = '\0';
            return "the PVH command line can't be reached or has no terminating null";
        }
        if (out.command_line[i] == '\0') return nullptr;
    }
    out.command_line.back() = '\0';
    return nullptr;
}

BootError read_modules(const StartInfo& info, PhysicalReader reader, BootInfo& out) {
    if (info.module_count > BootInfo::kMaximumModules) return "the boot loader passed more than 4 modules";
    for (uint32_t i = 0; i < info.module_count; ++i) {
        ModuleEntry module;
        if (!read_physical(reader, info.modules, i, module)) return "the PVH module list can't be reached";
        if (BootError error = add_module(out, module.base, module.length)) return error;
    }
    return nullptr;
}

BootError read_memory_map(const StartInfo& info, PhysicalReader reader, BootInfo& out) {
    // Ahead of the loop, so that a wild count of empty regions doesn't keep us here for minutes.
    if (info.region_count > BootInfo::kMaximumRegions) return "the PVH memory map has more than 128 regions";
    for (uint32_t i = 0; i < info.region_count; ++i) {
        E820Entry entry;
        if (!read_physical(reader, info.regions, i, entry)) return "the PVH memory map can't be reached";
        if (BootError error = add_region(out, entry)) return error;
    }
    return nullptr;
}

}  // namespace

BootError parse_pvh(uint64_t start_info, PhysicalReader reader, BootInfo& out) {
    out = {.loader = "PVH"};
    StartInfo info;
    if (!read_physical(reader, start_info, 0, info)) return "the PVH start info can't be reached";
    if (info.magic != kMagic) return "the PVH start info does not have the magic number 0x336ec578";
    if (info.version == 0)
        return "the PVH start info is of version 0, which has no memory map; version 1 is needed";

    out.rsdp = info.rsdp;
    if (BootError error = read_command_line(info.command_line, reader, out)) return error;
    if (BootError error = read_modules(info, reader, out)) return error;
    return read_memory_map(info, reader, out);
}
