/// @file
/// The checks that stand between a loader's report and the memory manager, and the command line.

#include <kernel/boot/boot_info.h>

#include <algorithm>

#include <kernel/libk/bytes.h>
#include <kernel/libk/string.h>

namespace {

/// Half-open ranges that don't wrap.
bool overlap(uint64_t start1, uint64_t end1, uint64_t start2, uint64_t end2) {
    return start1 < end2 && start2 < end1;
}

/// Merges regions of one type that touch or overlap. Regions of different types must not overlap.
BootError merge_regions(BootInfo& info) {
    size_t kept = 0;
    for (size_t i = 0; i < info.region_count; ++i) {
        const MemoryRegion region = info.regions[i];
        if (region.length == 0) continue;
        if (kept > 0) {
            // Sorted and disjoint so far, so the last region kept is the only one that can reach this far.
            MemoryRegion& last = info.regions[kept - 1];
            if (region.type == last.type && region.base <= last.end()) {
                last.length = std::max(last.end(), region.end()) - last.base;
                continue;
            }
            if (region.base < last.end())
                return "two regions of different types overlap in the boot loader's memory map";
        }
        info.regions[kept++] = region;
    }
    info.region_count = kept;
    return nullptr;
}

BootError check_regions(BootInfo& info) {
    if (info.region_count == 0) return "the boot loader gave no memory map";
    for (const MemoryRegion& region : info.memory()) {
        if (!range_fits(region.base, region.length, UINT64_MAX))
            return "a region of the boot loader's memory map runs past the end of the address space";
    }
    std::sort(info.regions.begin(), info.regions.begin() + info.region_count,
              [](const MemoryRegion& left, const MemoryRegion& right) { return left.base < right.base; });
    if (BootError error = merge_regions(info)) return error;
    for (const MemoryRegion& region : info.memory()) {
        if (region.type == MemoryType::kUsable) return nullptr;
    }
    return "the boot loader's memory map has no usable memory";
}

/// Touching usable regions are merged by now, so a module in usable memory lies in a single one.
bool lies_in_usable_memory(const BootInfo& info, const BootModule& module) {
    for (const MemoryRegion& region : info.memory()) {
        if (region.type == MemoryType::kUsable && module.base >= region.base &&
            module.base + module.length <= region.end())
            return true;
    }
    return false;
}

BootError check_modules(const BootInfo& info, uint64_t kernel_start, uint64_t kernel_end) {
    for (size_t i = 0; i < info.module_count; ++i) {
        const BootModule& module = info.modules[i];
        if (module.length == 0) return "a boot module is empty";
        if (!range_fits(module.base, module.length, UINT64_MAX))
            return "a boot module runs past the end of the address space";
        const uint64_t end = module.base + module.length;
        if (!lies_in_usable_memory(info, module)) return "a boot module lies outside of usable memory";
        if (overlap(module.base, end, kernel_start, kernel_end))
            return "a boot module overlaps the kernel's image";
        for (size_t j = 0; j < i; ++j) {
            const BootModule& other = info.modules[j];
            if (overlap(module.base, end, other.base, other.base + other.length))
                return "two boot modules overlap";
        }
    }
    return nullptr;
}

}  // namespace

BootError check_boot_info(BootInfo& info, uint64_t kernel_start, uint64_t kernel_end) {
    if (BootError error = check_regions(info)) return error;
    return check_modules(info, kernel_start, kernel_end);
}

std::string_view command_line_value(std::string_view command_line, std::string_view key) {
    for (std::string_view word = take_word(command_line, " \t"); !word.empty();
         word = take_word(command_line, " \t")) {
        const std::string_view name = word.substr(0, word.find('='));
        if (name == key) return word.substr(std::min(name.size() + 1, word.size()));
    }
    return {};
}

BootError add_region(BootInfo& out, const E820Entry& entry) {
    if (entry.length == 0) return nullptr;
    if (out.region_count == BootInfo::kMaximumRegions)
        return "the boot loader's memory map has more than 128 regions";
    const MemoryType type = entry.type == 1 ? MemoryType::kUsable : MemoryType::kReserved;
    out.regions[out.region_count++] = {entry.base, entry.length, type};
    return nullptr;
}

BootError add_module(BootInfo& out, uint64_t base, uint64_t length) {
    if (out.module_count == BootInfo::kMaximumModules) return "the boot loader passed more than 4 modules";
    out.modules[out.module_count++] = {base, length};
    return nullptr;
}
