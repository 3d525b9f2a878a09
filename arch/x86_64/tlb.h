/// @file
/// Forgetting translations on this processor, which caches them (Intel SDM 3A, 4.10.4).
#pragma once

#include <cstdint>

#include <arch/x86_64/cpu.h>
#include <kernel/libk/address.h>

/// Makes this processor forget the pages in [start, end) of the address space of `root`, if it uses it. IF=0.
inline void flush_own_pages(PhysAddr root, uint64_t start, uint64_t end) {
    // From about here on reloading CR3, which drops all that is not global, is the quicker way.
    constexpr uint64_t kManyPages = 32;
    if (read_cr3() != root.value) return;
    if (end - start > kManyPages * kPageSize) {
        write_cr3(root.value);
        return;
    }
    for (uint64_t page = start; page < end; page += kPageSize) invlpg(page);
}
