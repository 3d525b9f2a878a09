/// @file
/// The kernel's frame allocator: one FrameAllocator over all of RAM, with a lock around it.
#include <algorithm>

#include <arch/x86_64/layout.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/frame_allocator.h>
#include <kernel/sync/spinlock.h>

namespace {

SpinLock lock("frames", LockRank::kFrames);
FrameAllocator frames GUARDED_BY(lock);

/// Fills a frame with zeros. Every new page of a program waits for this, so memset()'s arithmetic is left
/// out.
void clear(void* frame) {
    uint64_t words = kPageSize / sizeof(uint64_t);
    asm volatile("rep stosq" : "+D"(frame), "+c"(words) : "a"(uint64_t{0}) : "memory");
}

/// allocate_frame(), for both of its forms: in line, since every new page of a program waits for it.
inline Result<PhysAddr> take_frame() {
    LockGuard guard(lock);
    return frames.allocate();
}

/// A stretch of memory that is not the allocator's to give.
struct Range {
    uint64_t start;
    uint64_t end;
};

/// Calls `visit(start, end)` for the parts of usable memory that lie outside the `kept` ranges, from the top
/// down.
template <class F>
void for_each_free_range(const BootInfo& info, std::span<const Range> kept, F&& visit) {
    for (size_t i = info.region_count; i-- > 0;) {
        const MemoryRegion& region = info.regions[i];
        if (region.type != MemoryType::kUsable) continue;
        for (uint64_t end = region.end(); end > region.base;) {
            // Down to the kept range that ends last at or before `end`, or lies around it.
            Range next{region.base, region.base};
            for (const Range& range : kept)
                if (range.start < end && range.end > next.end) next = {range.start, std::min(range.end, end)};
            if (next.end < end) visit(next.end, end);
            end = next.start;
        }
    }
}

}  // namespace

const char* init_frames(const BootInfo& info) {
    uint64_t top = 0;
    for (const MemoryRegion& region : info.memory())
        if (region.type == MemoryType::kUsable) top = std::max(top, region.end());
    const uint64_t count = top / kPageSize;
    const uint64_t metadata_size = align_up(count * sizeof(FrameMeta), kPageSize);

    std::array<Range, 2 + BootInfo::kMaximumModules> kept{};  // those that are not used are empty
    // The image, and the MiB below it: firmware data, the loader's structures, and what must lie there.
    kept[0] = {0, image_physical(kernel_end).value};
    for (size_t i = 0; i < info.module_count; i++)
        kept[2 + i] = {align_down(info.modules[i].base, kPageSize),
                       align_up(info.modules[i].base + info.modules[i].length, kPageSize)};

    // The metadata goes into the lowest gap that is large enough, and is then kept as well.
    uint64_t metadata = 0;
    for_each_free_range(info, kept, [&](uint64_t start, uint64_t end) {
        start = align_up(start, kPageSize);
        if (start + metadata_size <= std::min(end, kEarlyMapEnd)) metadata = start;
    });
    if (!metadata) return "no stretch of memory is large enough for the frame allocator's own records";
    kept[1] = {metadata, metadata + metadata_size};

    LockGuard guard(lock);
    frames.init({static_cast<FrameMeta*>(physical_pointer({metadata})), count}, {0});
    for_each_free_range(info, kept, [](uint64_t start, uint64_t end) {
        lock.assert_held();
        frames.add_free({start}, end - start);
    });
    return nullptr;
}

void release_module(uint64_t start, uint64_t length) {
    LockGuard guard(lock);
    frames.add_free({align_down(start, kPageSize)},
                    align_up(start + length, kPageSize) - align_down(start, kPageSize));
}

Result<PhysAddr> allocate_frame() {
    return take_frame();
}

Result<PhysAddr> allocate_zeroed_frame() {
    const PhysAddr frame = TRY(take_frame());
    clear(physical_pointer(frame));
    return frame;
}

void ref_frame(PhysAddr frame) {
    LockGuard guard(lock);
    frames.ref(frame);
}

void unref_frame(PhysAddr frame) {
    LockGuard guard(lock);
    frames.unref(frame);
}

uint32_t frame_references(PhysAddr frame) {
    LockGuard guard(lock);
    return frames.references(frame);
}

uint64_t free_frame_count() {
    LockGuard guard(lock);
    return frames.free_count();
}
uint64_t total_frame_count() {
    LockGuard guard(lock);
    return frames.total_count();
}
