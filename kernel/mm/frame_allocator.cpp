/// @file
/// The free list runs through the metadata, not through the frames: a stray write to freed memory can't break
/// it.

#include <kernel/mm/frame_allocator.h>

#include <algorithm>

#include <kernel/libk/panic.h>

void FrameAllocator::init(std::span<FrameMeta> metadata, PhysAddr base) {
    KASSERT(metadata.size() <= kAllocated);
    KASSERT(base.value % kPageSize == 0);
    KASSERT(metadata.size() <= (UINT64_MAX - base.value) / kPageSize);
    metadata_ = metadata;
    base_ = base;
    first_free_ = kEndOfList;
    free_count_ = total_count_ = 0;
    for (FrameMeta& meta : metadata_) meta = {kReserved, 0};
}

void FrameAllocator::add_free(PhysAddr start, uint64_t length) {
    const uint64_t managed_end = base_.value + metadata_.size() * kPageSize;
    // Clamped before rounding, so that neither step can wrap.
    const uint64_t first = align_up(std::clamp(start.value, base_.value, managed_end), kPageSize);
    const uint64_t limit = length > UINT64_MAX - start.value ? UINT64_MAX : start.value + length;
    const uint64_t end = align_down(std::clamp(limit, base_.value, managed_end), kPageSize);

    // From the top down, since what is added last is handed out first.
    for (uint64_t frame = end; frame > first;) {
        frame -= kPageSize;
        const auto index = static_cast<uint32_t>((frame - base_.value) / kPageSize);
        FrameMeta& meta = metadata_[index];
        if (meta.next_free != kReserved) panic("frame 0x%lx added to the free frames twice", frame);
        meta.next_free = first_free_;
        first_free_ = index;
        ++free_count_;
        ++total_count_;
    }
}

/// The metadata of a frame that must be allocated. `operation` is what the caller meant to do, for the panic.
FrameMeta& FrameAllocator::allocated(PhysAddr frame, const char* operation) const {
    if (frame.value % kPageSize != 0)
        panic("%s of frame 0x%lx, which is not the start of a frame", operation, frame.value);
    const uint64_t index = (frame.value - base_.value) / kPageSize;
    if (frame.value < base_.value || index >= metadata_.size())
        panic("%s of frame 0x%lx, which is outside of the managed memory", operation, frame.value);
    FrameMeta& meta = metadata_[index];
    if (meta.next_free == kReserved)
        panic("%s of frame 0x%lx, which was never allocated: it is reserved", operation, frame.value);
    if (meta.next_free != kAllocated)
        panic("%s of frame 0x%lx, which is free already", operation, frame.value);
    return meta;
}

void FrameAllocator::ref(PhysAddr frame) {
    FrameMeta& meta = allocated(frame, "ref");
    if (meta.references == UINT32_MAX) panic("too many references to frame 0x%lx", frame.value);
    ++meta.references;
}

void FrameAllocator::unref(PhysAddr frame) {
    FrameMeta& meta = allocated(frame, "unref");
    if (--meta.references > 0) return;
    const auto index = static_cast<uint32_t>((frame.value - base_.value) / kPageSize);
    meta.next_free = first_free_;
    first_free_ = index;
    ++free_count_;
}

uint32_t FrameAllocator::references(PhysAddr frame) const {
    return allocated(frame, "references").references;
}
