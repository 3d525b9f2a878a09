/// @file
/// Four-level page tables (Intel SDM 3A, 4.5). Nothing here takes a lock but that of the frames: an address
/// space's tables are its owner's to guard.
#pragma once

#include <cstdint>

#include <arch/x86_64/layout.h>
#include <kernel/boot/boot_info.h>
#include <kernel/libk/address.h>
#include <kernel/libk/result.h>

/// Bits of a page-table entry (Intel SDM 3A, table 4-20).
inline constexpr uint64_t kPtePresent =
    1ull << 0;  ///< the processor uses the entry; clear, all other bits are software's
inline constexpr uint64_t kPteWritable = 1ull << 1;             ///< ring 0 minds it as well: CR0.WP
inline constexpr uint64_t kPteUser = 1ull << 2;                 ///< ring 3 may use it
inline constexpr uint64_t kPteCacheDisable = 1ull << 4;         ///< for device registers
inline constexpr uint64_t kPteLarge = 1ull << 7;                ///< in a page directory: maps 2 MiB
inline constexpr uint64_t kPteGlobal = 1ull << 8;               ///< survives a CR3 load; the kernel's half
inline constexpr uint64_t kPteCow = 1ull << 9;                  ///< free for software: write means copy
inline constexpr uint64_t kPteNoExecute = 1ull << 63;           ///< no instruction is fetched from there
inline constexpr uint64_t kPteAddress = 0x000f'ffff'ffff'f000;  ///< the bits that hold the physical address

/// Replaces the boot loader's tables by the kernel's own: direct map of the RAM in `info`, the image with
/// W^X, nothing at all in the lower half. Uses allocate_frame(). ENOMEM. Boot processor only, interrupts off.
Result<void> init_paging(const BootInfo& info);

/// Top table of the kernel's own address space, which kernel threads run in. Any context.
PhysAddr kernel_root();

/// The entry that maps the 4 KiB page at `address` under `root`, with tables made on the way (ENOMEM),
/// present or not. EINVAL where a large page covers it. Any context; for a program's half with the lock of
/// its address space held.
Result<uint64_t*> page_entry(PhysAddr root, VirtAddr address);
/// Like page_entry() but makes nothing: null where a table is missing. In reports of panics without the lock.
uint64_t* find_page_entry(PhysAddr root, VirtAddr address);

/// Maps one page of the kernel's half. `flags` are PTE bits besides present. ENOMEM. One caller at a
/// time for one range.
Result<void> map_kernel_page(VirtAddr address, PhysAddr frame, uint64_t flags);
/// Maps the page of device registers at `address`, uncached, and returns where. ENOMEM. Boot only.
Result<volatile uint32_t*> map_device(PhysAddr address);

/// A new address space: nothing below, the kernel above. ENOMEM. Task context.
Result<PhysAddr> create_root();
/// Frees the tables of the lower half and the root; drops one reference of every frame still mapped there.
/// No processor may use the tables any more. Task context.
void destroy_root(PhysAddr root);

/// The table that a non-leaf entry leads to. Any context.
inline uint64_t* page_table(uint64_t entry) {
    return reinterpret_cast<uint64_t*>(kDirectMapBase + (entry & kPteAddress));
}

/// The first index from `index` on whose entry is not zero, or 512. As page_entry().
inline unsigned next_used(const uint64_t* table, unsigned index) {
    for (; index % 8 != 0; index++)
        if (table[index]) return index;
    // Fork and exit look through whole tables, most of which hold a handful of entries.
    const auto eight_empty = [](const uint64_t* e) {
        return !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]);
    };
    while (index < 512 && eight_empty(table + index)) index += 8;
    while (index < 512 && !table[index]) index++;
    return index;
}

/// Calls `visit(address, entry)` for each present 4 KiB page of the lower half in [start, end), in order.
template <class F>
void for_each_user_page(PhysAddr root, uint64_t start, uint64_t end, F&& visit) {
    uint64_t address = align_down(start, kPageSize);
    while (address < end) {
        uint64_t* table = page_table(root.value);
        // An entry of each level spans 512 GiB, 1 GiB, 2 MiB, 4 KiB. What is absent is skipped whole.
        for (int shift = 39;; shift -= 9) {
            const unsigned index = next_used(table, address >> shift & 511);
            const uint64_t span = 1ull << shift;
            const uint64_t used = align_down(address, span * 512) + index * span;
            if (used > address) address = used;
            if (index == 512 || address >= end) break;
            if (shift == 12) {
                visit(VirtAddr{address}, table[index]);
                address += kPageSize;
                break;
            }
            table = page_table(table[index]);
        }
    }
}
