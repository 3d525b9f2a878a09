/// @file
/// Making every processor forget a program's pages: TLB shootdown (Intel SDM 3A, 4.10.5).
#pragma once

#include <arch/x86_64/tlb.h>

/// Makes every processor that may use the address space of `root` forget its pages in [start, end): a page
/// table entry that takes something away counts only after this. `shared` says that other tasks may be using
/// the address space at this moment; if none can, nobody else is asked. Waits for the others' answers. IF=0.
void flush_user_pages(PhysAddr root, uint64_t start, uint64_t end, bool shared);

/// Does what another processor's flush_user_pages() asks of this one, if it asks. Whoever waits with
/// interrupts off must call it, or the two wait for each other for ever. IF=0.
void serve_tlb_request();
