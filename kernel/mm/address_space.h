/// @file
/// A program's memory: which ranges it may use and how, and the page tables that follow from faults.
#pragma once

#include <array>
#include <cstdint>

#include <arch/x86_64/layout.h>
#include <kernel/libk/address.h>
#include <kernel/libk/ref.h>
#include <kernel/libk/result.h>
#include <kernel/sync/spinlock.h>

/// What a region allows; PROT_* of mmap(2).
struct Protection {
    bool write = false;    ///< pages may be written
    bool execute = false;  ///< instructions may be fetched; never together with `write`
    /// By both.
    constexpr bool operator==(const Protection&) const = default;
};

/// A range of whole pages that a program may use. Pages appear when they are touched.
struct Region {
    uint64_t start = 0;     ///< first address, a multiple of kPageSize
    uint64_t end = 0;       ///< address behind the last, a multiple of kPageSize
    Protection protection;  ///< what a program may do there
};

/// Address space of one process, or of several that share it (CLONE_VM of clone(2)). Its lock is its own
/// affair: every public function takes it. Task context.
class AddressSpace : public RefCounted {
  public:
    /// An empty one, or ENOMEM.
    static Result<Ref<AddressSpace>> create();
    /// Takes over `root`; use create().
    explicit AddressSpace(PhysAddr root) : root_(root) {}
    /// Must not be the address space in use: switch to the kernel's first.
    ~AddressSpace() override;

    /// Physical address of the top page table, for CR3.
    uint64_t cr3() const { return root_.value; }

    /// Allows [start, end), whole pages, zero-filled on first touch. EEXIST when a region is there already,
    /// ENOMEM when there are too many, EINVAL outside the user's half.
    Result<void> add_region(uint64_t start, uint64_t end, Protection protection);
    /// Forbids [start, end) and frees its pages. Regions are cut where they reach beyond; ENOMEM when that
    /// would make too many.
    Result<void> remove(uint64_t start, uint64_t end);
    /// remove() and add_region() in one: whoever shares the memory finds the old region or the new one, never
    /// none.
    Result<void> replace(uint64_t start, uint64_t end, Protection protection);
    /// Changes what [start, end) allows; ENOMEM when a part of it is in no region.
    Result<void> protect(uint64_t start, uint64_t end, Protection protection);
    /// Allows the highest free range of `size` bytes below the stack, for mmap(2), and returns its start;
    /// ENOMEM.
    Result<uint64_t> add_free_region(uint64_t size, Protection protection);

    /// Maps `frame` at `page`, inside a region, taking over the caller's reference. Copied on write where the
    /// region allows writing.
    Result<void> map_shared(uint64_t page, PhysAddr frame);
    /// A page's content for the kernel to fill; private, made when absent. EFAULT outside of all regions, and
    /// where the program may not do what `error`, as in handle_fault(), says; ENOMEM.
    Result<void*> writable_page(uint64_t page, uint64_t error = 0);

    /// Mends a page fault at `address` with the processor's `error` bits: zero-fills, or copies what was
    /// shared. EFAULT when the program had no right to do what it did; ENOMEM.
    Result<void> handle_fault(VirtAddr address, uint64_t error);

    /// A copy for fork(2): the same regions, pages shared until one side writes.
    Result<Ref<AddressSpace>> clone();

    /// The heap of brk(2): [program's end, break).
    void set_program_end(uint64_t end) {
        LockGuard guard(lock_);
        heap_start_ = heap_end_ = align_up(end, kPageSize);
    }
    /// Moves the break and returns it, or where it was when it can't be moved.
    uint64_t brk(uint64_t end);

  private:
    static constexpr int kMaximumRegions = 64;
    /// For a program that has as many and takes a range out of the middle.
    static constexpr int kSpareRegions = 2;

    const Region* find(uint64_t address) const REQUIRES(lock_);
    Result<void> make_private(uint64_t page, uint64_t* entry, uint64_t flags) REQUIRES(lock_);
    Result<uint64_t> find_free(uint64_t size) const REQUIRES(lock_);
    Result<void> insert_region(uint64_t start, uint64_t end, Protection protection) REQUIRES(lock_);
    /// Adds a region for which there is room.
    void insert_at(int position, const Region& region) REQUIRES(lock_);
    /// Makes two regions of one that lies around `address`; ENOMEM when there are too many.
    Result<void> cut(uint64_t address) REQUIRES(lock_);
    Result<void> remove_range(uint64_t start, uint64_t end) REQUIRES(lock_);
    void flush(uint64_t start, uint64_t end) const REQUIRES(lock_);
    void drop_pages(uint64_t start, uint64_t end) REQUIRES(lock_);

    SpinLock lock_{"address space", LockRank::kAddressSpace};  ///< guards what follows, and the page tables
    const PhysAddr root_;
    std::array<Region, kMaximumRegions + kSpareRegions> regions_ GUARDED_BY(lock_);  ///< sorted, disjoint
    int region_count_ GUARDED_BY(lock_) = 0;
    uint64_t heap_start_ GUARDED_BY(lock_) = 0;
    uint64_t heap_end_ GUARDED_BY(lock_) = 0;
};
