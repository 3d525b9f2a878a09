/// @file
/// Four-level page tables. Invariant: docs/invariants/w-xor-x.md.
#include <algorithm>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/layout.h>
#include <arch/x86_64/paging.h>
#include <kernel/libk/panic.h>
#include <kernel/libk/string.h>
#include <kernel/mm/frame.h>

namespace {

constexpr uint64_t kLargePage = 2 * 1024 * 1024;
/// First root slot of the kernel's half.
constexpr uint64_t kFirstKernelSlot = 256;

PhysAddr root_frame;
uint64_t next_device_address = kDeviceRegionBase;

uint64_t* table_at(PhysAddr frame) {
    return static_cast<uint64_t*>(physical_pointer(frame));
}

/// The table below `entry`, made when absent. Intermediate entries allow everything; the leaf decides.
Result<uint64_t*> descend(uint64_t& entry, bool user) {
    if (!(entry & kPtePresent)) {
        const PhysAddr frame = TRY(allocate_zeroed_frame());
        entry = frame.value | kPtePresent | kPteWritable | (user ? kPteUser : 0);
    } else if (entry & kPteLarge) {
        return Errno::kEINVAL;
    }
    return page_table(entry);
}

/// The page-directory entry for `address`: where large pages are mapped.
Result<uint64_t*> directory_entry(PhysAddr root, uint64_t address) {
    const bool user = address < kDirectMapBase;
    uint64_t* table = table_at(root);
    table = TRY(descend(table[address >> 39 & 511], user));
    table = TRY(descend(table[address >> 30 & 511], user));
    return &table[address >> 21 & 511];
}

/// page_entry() where a table is missing.
Result<uint64_t*> make_page_entry(PhysAddr root, uint64_t address) {
    uint64_t* entry = TRY(directory_entry(root, address));
    uint64_t* table = TRY(descend(*entry, address < kDirectMapBase));
    return &table[address >> 12 & 511];
}

/// find_page_entry(), in one piece: every page fault needs it.
[[gnu::always_inline]] inline uint64_t* walk(PhysAddr root, uint64_t address) {
    uint64_t entry = table_at(root)[address >> 39 & 511];
    if (!(entry & kPtePresent)) return nullptr;
    entry = page_table(entry)[address >> 30 & 511];
    if (!(entry & kPtePresent)) return nullptr;
    entry = page_table(entry)[address >> 21 & 511];
    if (!(entry & kPtePresent) || entry & kPteLarge) return nullptr;
    return &page_table(entry)[address >> 12 & 511];
}

Result<void> map(uint64_t address, uint64_t physical, uint64_t flags) {
    uint64_t* entry = TRY(page_entry(root_frame, {address}));
    *entry = physical | flags | kPtePresent;
    return {};
}

/// Direct map of the 2 MiB at `physical`. Where the kernel's read-only image lies, page by page: an alias
/// that can be written would undo W^X.
Result<void> map_direct_chunk(uint64_t physical) {
    const uint64_t flags = kPteWritable | kPteNoExecute | kPteGlobal;
    const uint64_t read_only_start = image_physical(text_start).value;
    const uint64_t read_only_end = image_physical(rodata_end).value;
    if (physical + kLargePage <= read_only_start || physical >= read_only_end) {
        uint64_t* entry = TRY(directory_entry(root_frame, kDirectMapBase + physical));
        *entry = physical | flags | kPtePresent | kPteLarge;
        return {};
    }
    for (uint64_t page = physical; page < physical + kLargePage; page += kPageSize) {
        const bool read_only = page >= read_only_start && page < read_only_end;
        TRY_VOID(map(kDirectMapBase + page, page, read_only ? flags & ~kPteWritable : flags));
    }
    return {};
}

Result<void> map_image(const char* start, const char* end, uint64_t flags) {
    for (const char* page = start; page < end; page += kPageSize)
        TRY_VOID(map(reinterpret_cast<uint64_t>(page), image_physical(page).value, flags | kPteGlobal));
    return {};
}

Result<void> build_kernel_tables(const BootInfo& info) {
    root_frame = TRY(allocate_zeroed_frame());
    // Every root shares the tables of the kernel's half, so all its slots must exist before any root is
    // copied.
    for (const uint64_t base : {kDirectMapBase, kStackRegionBase, kDeviceRegionBase, kKernelBase})
        (void)TRY(descend(table_at(root_frame)[base >> 39 & 511], false));

    for (const MemoryRegion& region : info.memory()) {
        if (region.type == MemoryType::kReserved) continue;
        for (uint64_t chunk = align_down(region.base, kLargePage); chunk < region.end(); chunk += kLargePage)
            TRY_VOID(map_direct_chunk(chunk));
    }
    TRY_VOID(map_image(text_start, text_end, 0));
    TRY_VOID(map_image(rodata_start, rodata_end, kPteNoExecute));
    TRY_VOID(map_image(data_start, kernel_end, kPteNoExecute | kPteWritable));
    return {};
}

/// Frees the tables below `table`, and at the lowest level drops the pages. `level` 3 is a
/// page-directory-pointer table.
void destroy_table(uint64_t* table, int level) {
    for (unsigned i = next_used(table, 0); i < 512; i = next_used(table, i + 1)) {
        if (level > 1) destroy_table(page_table(table[i]), level - 1);
        unref_frame({table[i] & kPteAddress});
    }
}

}  // namespace

void* physical_pointer(PhysAddr address) {
    return reinterpret_cast<void*>(kDirectMapBase + address.value);
}

PhysAddr physical_address(const void* pointer) {
    const uint64_t address = reinterpret_cast<uint64_t>(pointer);
    KASSERT(address >= kDirectMapBase && address < kStackRegionBase);
    return {address - kDirectMapBase};
}

const char* init_paging(const BootInfo& info) {
    if (!build_kernel_tables(info).ok()) return "not enough memory for the kernel's page tables";
    write_cr3(root_frame.value);
    return nullptr;
}

PhysAddr kernel_root() {
    return root_frame;
}

Result<uint64_t*> page_entry(PhysAddr root, VirtAddr address) {
    if (uint64_t* entry = walk(root, address.value)) return entry;
    return make_page_entry(root, address.value);
}

uint64_t* find_page_entry(PhysAddr root, VirtAddr address) {
    return walk(root, address.value);
}

Result<void> map_kernel_page(VirtAddr address, PhysAddr frame, uint64_t flags) {
    return map(address.value, frame.value, flags);
}

PhysAddr unmap_kernel_page(VirtAddr address) {
    uint64_t* entry = find_page_entry(root_frame, address);
    KASSERT(entry && *entry & kPtePresent);
    const PhysAddr frame{*entry & kPteAddress};
    *entry = 0;
    invlpg(address.value);
    return frame;
}

Result<VirtAddr> map_device(PhysAddr address, uint64_t size) {
    const uint64_t offset = address.value & (kPageSize - 1);
    const VirtAddr result{next_device_address + offset};
    for (uint64_t done = 0; done < offset + size; done += kPageSize) {
        TRY_VOID(map(next_device_address, align_down(address.value, kPageSize) + done,
                     kPteWritable | kPteNoExecute | kPteCacheDisable | kPteGlobal));
        next_device_address += kPageSize;
    }
    return result;
}

Result<PhysAddr> create_root() {
    const PhysAddr root = TRY(allocate_frame());
    memset(table_at(root), 0, kFirstKernelSlot * sizeof(uint64_t));
    memcpy(table_at(root) + kFirstKernelSlot, table_at(root_frame) + kFirstKernelSlot,
           kPageSize - kFirstKernelSlot * sizeof(uint64_t));
    return root;
}

void destroy_root(PhysAddr root) {
    uint64_t* table = table_at(root);
    for (unsigned slot = next_used(table, 0); slot < kFirstKernelSlot; slot = next_used(table, slot + 1)) {
        destroy_table(page_table(table[slot]), 3);
        unref_frame({table[slot] & kPteAddress});
    }
    unref_frame(root);
}
