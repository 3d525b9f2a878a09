/// @file
/// Regions, faults and copy-on-write.
/// Invariant: docs/invariants/w-xor-x.md.
#include <algorithm>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/paging.h>
#include <arch/x86_64/tlb_shootdown.h>
#include <kernel/libk/string.h>
#include <kernel/mm/address_space.h>
#include <kernel/mm/frame.h>

namespace {

/// mmap(2) places its regions below this, which leaves room for the stack.
constexpr uint64_t kMmapTop = 0x7fff'0000'0000;

/// PTE bits of a private page under `protection`.
uint64_t pte_flags(Protection protection) {
    return kPtePresent | kPteUser | (protection.write ? kPteWritable : 0) |
           (protection.execute ? 0 : kPteNoExecute);
}

/// True when a PTE with these bits lets happen what the processor's `error` bits of a page fault describe.
bool permits(uint64_t flags, uint64_t error) {
    return (!(error & kPageFaultWrite) || flags & kPteWritable) &&
           (!(error & kPageFaultFetch) || !(flags & kPteNoExecute));
}

/// The same while others may have the page as well: a write must fault first.
uint64_t shared_pte_flags(Protection protection) {
    return (pte_flags(protection) & ~kPteWritable) | (protection.write ? kPteCow : 0);
}

PhysAddr frame_of(uint64_t entry) {
    return {entry & kPteAddress};
}

bool valid_range(uint64_t start, uint64_t end) {
    return start % kPageSize == 0 && end % kPageSize == 0 && start < end && start >= kUserMinimum &&
           end <= kUserLimit;
}

}  // namespace

Result<Ref<AddressSpace>> AddressSpace::create() {
    const PhysAddr root = TRY(create_root());
    auto space = make_ref<AddressSpace>(root);
    if (!space.ok()) destroy_root(root);
    return space;
}

AddressSpace::~AddressSpace() {
    destroy_root(root_);
}

const Region* AddressSpace::find(uint64_t address) const {
    const Region* region = regions_.data();
    const Region* const last = region + region_count_;
    while (region < last && region->end <= address) region++;
    return region < last && region->start <= address ? region : nullptr;
}

Result<void> AddressSpace::add_region(uint64_t start, uint64_t end, Protection protection) {
    LockGuard guard(lock_);
    return insert_region(start, end, protection);
}

Result<uint64_t> AddressSpace::add_free_region(uint64_t size, Protection protection) {
    LockGuard guard(lock_);
    const uint64_t start = TRY(find_free(size));
    TRY_VOID(insert_region(start, start + size, protection));
    return start;
}

Result<void> AddressSpace::remove(uint64_t start, uint64_t end) {
    LockGuard guard(lock_);
    return remove_range(start, end);
}

Result<void> AddressSpace::replace(uint64_t start, uint64_t end, Protection protection) {
    LockGuard guard(lock_);
    TRY_VOID(remove_range(start, end));
    return insert_region(start, end, protection);
}

Result<void> AddressSpace::insert_region(uint64_t start, uint64_t end, Protection protection) {
    if (!valid_range(start, end)) return Errno::kEINVAL;
    int position = 0;
    while (position < region_count_ && regions_[position].end <= start) position++;
    if (position < region_count_ && regions_[position].start < end) return Errno::kEEXIST;
    // Grow the neighbour below rather than add one: heaps and stacks of mmap(2) calls stay one region.
    if (position > 0 && regions_[position - 1].end == start &&
        regions_[position - 1].protection == protection) {
        regions_[position - 1].end = end;
        return {};
    }
    if (region_count_ >= kMaximumRegions) return Errno::kENOMEM;
    insert_at(position, {start, end, protection});
    return {};
}

void AddressSpace::insert_at(int position, const Region& region) {
    Region* const place = &regions_[position];
    Region* const last = &regions_[region_count_++];
    std::copy_backward(place, last, last + 1);
    *place = region;
}

Result<void> AddressSpace::cut(uint64_t address) {
    for (int i = 0; i < region_count_; i++) {
        if (regions_[i].start >= address || regions_[i].end <= address) continue;
        if (region_count_ == static_cast<int>(regions_.size())) return Errno::kENOMEM;
        insert_at(i, regions_[i]);
        regions_[i].end = regions_[i + 1].start = address;
        break;
    }
    return {};
}

void AddressSpace::flush(uint64_t start, uint64_t end) const {
    flush_user_pages(root_, start, end, reference_count() > 1);
}

void AddressSpace::drop_pages(uint64_t start, uint64_t end) {
    // A frame may serve somebody else only when no processor remembers it as ours. Asking the others is
    // dear, so it is done for many pages at once.
    std::array<PhysAddr, 64> frames;
    size_t count = 0;
    uint64_t first = start;
    auto let_go = [&](uint64_t next) {
        lock_.assert_held();
        if (count > 0) flush(first, next);
        for (size_t i = 0; i < count; i++) unref_frame(frames[i]);
        count = 0;
    };
    for_each_user_page(root_, start, end, [&](VirtAddr page, uint64_t& entry) {
        if (count == frames.size()) let_go(page.value);
        if (count == 0) first = page.value;
        frames[count++] = frame_of(entry);
        entry = 0;
    });
    let_go(end);
}

Result<void> AddressSpace::remove_range(uint64_t start, uint64_t end) {
    if (!valid_range(start, end)) return Errno::kEINVAL;
    TRY_VOID(cut(start));
    TRY_VOID(cut(end));
    drop_pages(start, end);
    const auto within = [=](const Region& region) { return region.start >= start && region.end <= end; };
    Region* const last = regions_.data() + region_count_;
    region_count_ = static_cast<int>(std::remove_if(regions_.data(), last, within) - regions_.data());
    return {};
}

Result<void> AddressSpace::protect(uint64_t start, uint64_t end, Protection protection) {
    if (!valid_range(start, end)) return Errno::kEINVAL;
    LockGuard guard(lock_);
    for (uint64_t at = start; at < end;) {
        const Region* region = find(at);
        if (!region) return Errno::kENOMEM;
        at = region->end;
    }
    TRY_VOID(cut(start));
    TRY_VOID(cut(end));
    for (int i = 0; i < region_count_; i++)
        if (regions_[i].start >= start && regions_[i].end <= end) regions_[i].protection = protection;
    for_each_user_page(root_, start, end, [&](VirtAddr, uint64_t& entry) {
        // A page that may be shared must not become writable here: the next write fault decides.
        entry = frame_of(entry).value | shared_pte_flags(protection);
    });
    flush(start, end);
    return {};
}

Result<uint64_t> AddressSpace::find_free(uint64_t size) const {
    if (size == 0 || size > kMmapTop - kUserMinimum) return Errno::kENOMEM;
    uint64_t top = kMmapTop;
    for (int i = region_count_ - 1; i >= 0; i--) {
        if (regions_[i].start >= kMmapTop) continue;
        if (regions_[i].end <= top && top - regions_[i].end >= size) return top - size;
        top = std::min(top, regions_[i].start);
    }
    if (top - kUserMinimum >= size) return top - size;
    return Errno::kENOMEM;
}

Result<void> AddressSpace::map_shared(uint64_t page, PhysAddr frame) {
    LockGuard guard(lock_);
    const Region* region = find(page);
    auto entry = region ? page_entry(root_, {page}) : Result<uint64_t*>(Errno::kEINVAL);
    if (!entry.ok() || *entry.value() & kPtePresent) {
        unref_frame(frame);
        return entry.ok() ? Errno::kEEXIST : entry.error();
    }
    *entry.value() = frame.value | shared_pte_flags(region->protection);
    return {};
}

Result<void> AddressSpace::make_private(uint64_t page, uint64_t* entry, uint64_t flags) {
    const PhysAddr shared = frame_of(*entry);
    if (frame_references(shared) == 1) {
        *entry = shared.value | flags;
        flush(page, page + kPageSize);
        return {};
    }
    const PhysAddr frame = TRY(allocate_frame());
    memcpy(physical_pointer(frame), physical_pointer(shared), kPageSize);
    // Every processor must forget the old page before one can write to the new one: otherwise a third one may
    // go on reading the old page when it has seen, elsewhere, what was written later.
    *entry = 0;
    flush(page, page + kPageSize);
    *entry = frame.value | flags;
    unref_frame(shared);
    return {};
}

Result<void*> AddressSpace::writable_page(uint64_t page, uint64_t error) {
    LockGuard guard(lock_);
    const Region* region = find(page);
    if (!region) return Errno::kEFAULT;
    const uint64_t flags = pte_flags(region->protection);
    if (!permits(flags, error)) return Errno::kEFAULT;
    uint64_t* entry = TRY(page_entry(root_, {page}));
    if (*entry & kPtePresent)
        TRY_VOID(make_private(page, entry, flags));
    else
        *entry = TRY(allocate_zeroed_frame()).value | flags;
    return physical_pointer(frame_of(*entry));
}

Result<void> AddressSpace::handle_fault(VirtAddr address, uint64_t error) {
    LockGuard guard(lock_);
    const Region* region = find(address.value);
    if (!region) return Errno::kEFAULT;
    const uint64_t flags = pte_flags(region->protection);
    if (!permits(flags, error)) return Errno::kEFAULT;

    uint64_t* entry = TRY(page_entry(root_, address));
    if (!(*entry & kPtePresent)) {
        const PhysAddr frame = TRY(allocate_zeroed_frame());
        *entry = frame.value | flags;
        return {};
    }
    if (error & kPageFaultWrite && *entry & kPteCow)
        return make_private(align_down(address.value, kPageSize), entry, flags);
    // Somebody who shares the memory has mended it since the processor looked.
    if (*entry & kPteUser && permits(*entry, error)) return {};
    return Errno::kEFAULT;
}

// Not analysed: nobody else knows the copy yet, so its lock is not taken.
NO_THREAD_SAFETY_ANALYSIS Result<Ref<AddressSpace>> AddressSpace::clone() {
    Ref<AddressSpace> copy = TRY(create());
    LockGuard guard(lock_);
    std::copy_n(regions_.begin(), region_count_, copy->regions_.begin());
    copy->region_count_ = region_count_;
    copy->heap_start_ = heap_start_;
    copy->heap_end_ = heap_end_;
    Result<void> result;
    uint64_t first = kUserLimit, last = 0;  // the pages that lost their write permission lie between them
    const auto share = [&](VirtAddr page, uint64_t& entry) {
        auto target = result.ok() ? page_entry(copy->root_, page) : Result<uint64_t*>(Errno::kENOMEM);
        if (!target.ok()) {
            result = Errno::kENOMEM;
            return;
        }
        if (entry & kPteWritable) {
            entry = (entry & ~kPteWritable) | kPteCow;
            first = std::min(first, page.value);
            last = page.value;
        }
        ref_frame(frame_of(entry));
        *target.value() = entry & ~(1ull << 5 | 1ull << 6);  // accessed and dirty are the parent's
    };
    for (int i = 0; i < region_count_; i++)
        for_each_user_page(root_, regions_[i].start, regions_[i].end, share);
    if (first <= last) flush(first, last + kPageSize);
    if (!result.ok()) return result.error();
    return copy;
}

uint64_t AddressSpace::brk(uint64_t end) {
    LockGuard guard(lock_);
    if (end < heap_start_ || end > kMmapTop) return heap_end_;
    const uint64_t old_page = align_up(heap_end_, kPageSize);
    const uint64_t new_page = align_up(end, kPageSize);
    if (new_page > old_page && !insert_region(old_page, new_page, {.write = true}).ok()) return heap_end_;
    if (new_page < old_page && !remove_range(new_page, old_page).ok()) return heap_end_;
    heap_end_ = end;
    return heap_end_;
}
