/// @file
/// The pool's physical addresses start at a base of their own, so that mixing the kinds of address up shows.

#include <tests/unit/support/frames.h>

#include <array>
#include <cstring>

#include <kernel/libk/panic.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/frame_allocator.h>

namespace {

constexpr PhysAddr kPoolBase{0x10000000};

alignas(kPageSize) std::array<std::byte, kHostFrames * kPageSize> pool;
std::array<FrameMeta, kHostFrames> metadata;
FrameAllocator allocator;

}  // namespace

void reset_host_frames() {
    allocator.init(metadata, kPoolBase);
    allocator.add_free(kPoolBase, pool.size());
}

Result<PhysAddr> allocate_frame() {
    return allocator.allocate();
}
Result<PhysAddr> allocate_zeroed_frame() {
    const PhysAddr frame = TRY(allocator.allocate());
    std::memset(physical_pointer(frame), 0, kPageSize);
    return frame;
}
void ref_frame(PhysAddr frame) {
    allocator.ref(frame);
}
void unref_frame(PhysAddr frame) {
    allocator.unref(frame);
}
uint32_t frame_references(PhysAddr frame) {
    return allocator.references(frame);
}
uint64_t free_frame_count() {
    return allocator.free_count();
}
uint64_t total_frame_count() {
    return allocator.total_count();
}

void* physical_pointer(PhysAddr address) {
    KASSERT(address >= kPoolBase && address < kPoolBase + pool.size());
    return pool.data() + (address.value - kPoolBase.value);
}

PhysAddr physical_address(const void* pointer) {
    return kPoolBase + static_cast<uint64_t>(static_cast<const std::byte*>(pointer) - pool.data());
}
