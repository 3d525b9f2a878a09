/// @file
/// Hands out the frames of one physical range and counts the references to each. Pure bookkeeping: it touches
/// its metadata only, never a frame, so it also runs in host tests.
#pragma once

#include <cstdint>
#include <span>

#include <kernel/libk/address.h>
#include <kernel/libk/result.h>

/// What the allocator knows about one frame.
struct FrameMeta {
    uint32_t next_free;   ///< index of the next free frame while free, otherwise a mark
    uint32_t references;  ///< 0 while free or reserved
};
static_assert(sizeof(FrameMeta) == 8);

/// A frame is reserved (not ours to give), free, or allocated with a count of references. All calls but
/// init() and add_free() take constant time. The caller provides mutual exclusion; mistakes panic.
class FrameAllocator {
  public:
    constexpr FrameAllocator() = default;
    FrameAllocator(const FrameAllocator&) = delete;
    FrameAllocator& operator=(const FrameAllocator&) = delete;

    /// Starts managing metadata.size() frames from `base` (aligned to a page), all reserved. `metadata` must
    /// outlive the allocator.
    void init(std::span<FrameMeta> metadata, PhysAddr base);
    /// Frees the reserved frames that lie wholly within [start, start + length) and the managed range. They
    /// are handed out lowest address first, before those that are free already. Panics when one of them is
    /// not reserved.
    void add_free(PhysAddr start, uint64_t length);

    /// A frame with one reference, the one freed last if any was, or ENOMEM.
    Result<PhysAddr> allocate();
    /// One more reference to an allocated frame.
    void ref(PhysAddr frame);
    /// Drops a reference; the last one frees the frame.
    void unref(PhysAddr frame);
    /// References to an allocated frame, at least 1.
    uint32_t references(PhysAddr frame) const;

    /// Frames free now.
    uint64_t free_count() const { return free_count_; }
    /// Frames that add_free() has brought in.
    uint64_t total_count() const { return total_count_; }

  private:
    FrameMeta& allocated(PhysAddr frame, const char* operation) const;
    PhysAddr address(uint32_t index) const { return base_ + uint64_t{index} * kPageSize; }

    // Marks in next_free, above every index.
    static constexpr uint32_t kEndOfList = 0xffffffff;
    static constexpr uint32_t kReserved = 0xfffffffe;
    static constexpr uint32_t kAllocated = 0xfffffffd;

    std::span<FrameMeta> metadata_;
    PhysAddr base_;
    uint32_t first_free_ = kEndOfList;
    uint64_t free_count_ = 0;
    uint64_t total_count_ = 0;
};

inline Result<PhysAddr> FrameAllocator::allocate() {
    if (first_free_ == kEndOfList) return Errno::kENOMEM;
    const uint32_t index = first_free_;
    FrameMeta& meta = metadata_[index];
    first_free_ = meta.next_free;
    meta = {kAllocated, 1};
    --free_count_;
    return address(index);
}
