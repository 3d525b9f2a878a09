/// @file
/// Four-level page tables. Invariant: docs/invariants/w-xor-x.md.
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

/// The entry for `address` in the table whose entries span 1 << `shift` bytes, with tables made on the way.
/// Those allow everything; the leaf decides.
Result<uint64_t*> make_entry(PhysAddr root, uint64_t address, int shift) {
    uint64_t* table = table_at(root);
    for (int above = 39; above > shift; above -= 9) {
        uint64_t& entry = table[address >> above & 511];
        if (!(entry & kPtePresent)) {
            const PhysAddr frame = TRY(allocate_zeroed_frame());
            entry = frame.value | kPtePresent | kPteWritable | (address < kDirectMapBase ? kPteUser : 0);
        } else if (entry & kPteLarge) {
            return Errno::kEINVAL;
        }
        table = page_table(entry);
    }
    return &table[address >> shift & 511];
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

/// Direct map of the 2 MiB at `physical`. Where the kernel's read-only image lies, page by page: an alias
/// that can be written would undo W^X.
Result<void> map_direct_chunk(uint64_t physical) {
    const uint64_t flags = kPteWritable | kPteNoExecute | kPteGlobal;
    const uint64_t read_only_start = image_physical(text_start).value;
    const uint64_t read_only_end = image_physical(rodata_end).value;
    if (physical + kLargePage <= read_only_start || physical >= read_only_end) {
        uint64_t* entry = TRY(make_entry(root_frame, kDirectMapBase + physical, 21));
        *entry = physical | flags | kPtePresent | kPteLarge;
        return {};
    }
    for (uint64_t page = physical; page < physical + kLargePage; page += kPageSize) {
        const bool read_only = page >= read_only_start && page < read_only_end;
        TRY_VOID(map_kernel_page({kDirectMapBase + page}, {page}, read_only ? flags & ~kPteWritable : flags));
    }
    return {};
}

Result<void> map_image(const char* start, const char* end, uint64_t flags) {
    for (const char* page = start; page < end; page += kPageSize)
        TRY_VOID(
            map_kernel_page({reinterpret_cast<uint64_t>(page)}, image_physical(page), flags | kPteGlobal));
    return {};
}

/// Frees the tables that the first `count` entries of `table` lead to, and at level 1, the lowest, drops the
/// pages.
template <int level>
void destroy_table(uint64_t* table, unsigned count) {
    for (unsigned i = next_used(table, 0); i < count; i = next_used(table, i + 1)) {
        if constexpr (level > 1) destroy_table<level - 1>(page_table(table[i]), 512);
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

Result<void> init_paging(const BootInfo& info) {
    root_frame = TRY(allocate_zeroed_frame());
    // Every root shares the tables of the kernel's half, so all its slots must exist before any root is
    // copied.
    for (const uint64_t base : {kDirectMapBase, kStackRegionBase, kDeviceRegionBase, kKernelBase})
        (void)TRY(make_entry(root_frame, base, 30));

    for (const MemoryRegion& region : info.memory()) {
        if (region.type == MemoryType::kReserved) continue;
        for (uint64_t chunk = align_down(region.base, kLargePage); chunk < region.end(); chunk += kLargePage)
            TRY_VOID(map_direct_chunk(chunk));
    }
    TRY_VOID(map_image(text_start, text_end, 0));
    TRY_VOID(map_image(rodata_start, rodata_end, kPteNoExecute));
    TRY_VOID(map_image(data_start, kernel_end, kPteNoExecute | kPteWritable));
    write_cr3(root_frame.value);
    return {};
}

PhysAddr kernel_root() {
    return root_frame;
}

Result<uint64_t*> page_entry(PhysAddr root, VirtAddr address) {
    if (uint64_t* entry = walk(root, address.value)) return entry;
    return make_entry(root, address.value, 12);
}

uint64_t* find_page_entry(PhysAddr root, VirtAddr address) {
    return walk(root, address.value);
}

Result<void> map_kernel_page(VirtAddr address, PhysAddr frame, uint64_t flags) {
    uint64_t* entry = TRY(page_entry(root_frame, address));
    *entry = frame.value | flags | kPtePresent;
    return {};
}

Result<volatile uint32_t*> map_device(PhysAddr address) {
    const uint64_t at = next_device_address;
    TRY_VOID(map_kernel_page({at}, address, kPteWritable | kPteNoExecute | kPteCacheDisable | kPteGlobal));
    next_device_address += kPageSize;
    return reinterpret_cast<volatile uint32_t*>(at);
}

Result<PhysAddr> create_root() {
    const PhysAddr root = TRY(allocate_frame());
    memset(table_at(root), 0, kFirstKernelSlot * sizeof(uint64_t));
    memcpy(table_at(root) + kFirstKernelSlot, table_at(root_frame) + kFirstKernelSlot,
           kPageSize - kFirstKernelSlot * sizeof(uint64_t));
    return root;
}

void destroy_root(PhysAddr root) {
    destroy_table<4>(table_at(root), kFirstKernelSlot);
    unref_frame(root);
}
