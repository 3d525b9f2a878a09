/// @file
/// Making every processor forget a program's pages. With one processor, that is this one.
#pragma once

#include <arch/x86_64/tlb.h>

/// Makes every processor that may use the address space of `root` forget its pages in [start, end): a page
/// table entry that takes something away counts only after this. `shared` says that other tasks may be using
/// the address space at this moment. IF=0.
inline void flush_user_pages(PhysAddr root, uint64_t start, uint64_t end, bool /*shared*/) {
    flush_own_pages(root, start, end);
}
