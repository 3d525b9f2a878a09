/// @file
/// One request at a time: it stands in a variable, each processor that is asked clears its bit.
#include <arch/x86_64/apic.h>
#include <arch/x86_64/ipi.h>
#include <arch/x86_64/processor.h>
#include <arch/x86_64/tlb_shootdown.h>
#include <kernel/sync/spinlock.h>

void flush_user_pages(PhysAddr root, uint64_t start, uint64_t end, [[maybe_unused]] bool shared) {
    flush_own_pages(root, start, end);
    // TODO(lab6.6): if others may use the address space, every other processor has been asked to do the same
    // and has said that it is done.
}

void serve_tlb_request() {
    // TODO(lab6.6): what another processor has asked this one to forget is forgotten, and the other knows;
    // with no such request nothing happens.
}
