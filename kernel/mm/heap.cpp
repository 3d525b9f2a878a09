/// @file
/// A slab is one frame: a header, then objects of one size. A pointer finds its slab by rounding down to the
/// page. Larger objects are whole frames; a slab's objects never start a page, so the two can be told apart.

#include <kernel/mm/heap.h>

#include <array>
#include <bit>

#include <kernel/libk/panic.h>
#include <kernel/mm/frame.h>
#include <kernel/sync/spinlock.h>

namespace {

/// What a free object holds. The seal, which depends on the address, exposes most double frees at once.
struct FreeObject {
    FreeObject* next;
    uint64_t seal;
};

/// Stands at the start of its frame.
struct Slab {
    uint64_t magic;
    Slab* next;  ///< in its class's list of slabs that have room
    Slab* prev;
    FreeObject* free;  ///< given back objects
    uint32_t object_size;
    uint32_t capacity;  ///< objects that fit
    uint32_t used;      ///< live objects
    uint32_t fresh;     ///< objects from this index on were never given out and are not in `free`
};

constexpr uint64_t kSlabMagic = 0x5bab'5bab'0b1e'c75d;
constexpr uint64_t kFreeSeal = 0xf4ee'f4ee'0b1e'c75d;

constexpr size_t kSmallest = 16;
/// A slab has room for a single object of 2048 bytes beside its header: a whole frame serves as well.
constexpr size_t kLargestInSlab = 1024;
constexpr size_t kClassCount = std::countr_zero(kLargestInSlab) - std::countr_zero(kSmallest) + 1;
constexpr size_t kFirstObject = 64;  ///< offset of a slab's first object
static_assert(sizeof(Slab) <= kFirstObject && sizeof(FreeObject) <= kSmallest && kFirstObject % 16 == 0);

constinit SpinLock heap_lock("heap", LockRank::kHeap);
/// The slabs with room of each object size; full ones are in no list. An empty one is kept where it is the
/// only one, so that one object's coming and going is cheap.
constinit std::array<Slab*, kClassCount> with_room GUARDED_BY(heap_lock){};
constinit size_t bytes_in_use GUARDED_BY(heap_lock) = 0;
constinit size_t slab_count GUARDED_BY(heap_lock) = 0;

/// Index of the class that serves `size`, 1 to kLargestInSlab.
size_t class_index(size_t size) {
    const size_t rounded = std::bit_ceil(size < kSmallest ? kSmallest : size);
    return static_cast<size_t>(std::countr_zero(rounded) - std::countr_zero(kSmallest));
}

uint64_t seal_of(const FreeObject* object) {
    return kFreeSeal ^ reinterpret_cast<uint64_t>(object);
}

std::byte* first_object(Slab* slab) {
    return reinterpret_cast<std::byte*>(slab) + kFirstObject;
}

void link(Slab*& list, Slab* slab) {
    slab->prev = nullptr;
    slab->next = list;
    if (list) list->prev = slab;
    list = slab;
}

void unlink(Slab*& list, Slab* slab) {
    if (slab->prev)
        slab->prev->next = slab->next;
    else
        list = slab->next;
    if (slab->next) slab->next->prev = slab->prev;
}

/// The first slab of `list`, a new one where there is none; null when memory is out.
Slab* slab_with_room(Slab*& list, uint32_t object_size) REQUIRES(heap_lock) {
    if (list) return list;
    auto frame = allocate_frame();
    if (!frame.ok()) return nullptr;
    slab_count++;
    auto* slab = static_cast<Slab*>(physical_pointer(frame.value()));
    *slab = {.magic = kSlabMagic,
             .next = nullptr,
             .prev = nullptr,
             .free = nullptr,
             .object_size = object_size,
             .capacity = static_cast<uint32_t>((kPageSize - kFirstObject) / object_size),
             .used = 0,
             .fresh = 0};
    link(list, slab);
    return slab;
}

void* allocate_small(size_t size) REQUIRES(heap_lock) {
    const size_t index = class_index(size);
    Slab* slab = slab_with_room(with_room[index], static_cast<uint32_t>(kSmallest << index));
    if (!slab) return nullptr;
    void* memory;
    if (FreeObject* object = slab->free) {
        if (object->seal != seal_of(object))
            panic("heap: object %p was written to after kfree()", static_cast<void*>(object));
        slab->free = object->next;
        object->seal = 0;
        memory = object;
    } else {
        memory = first_object(slab) + size_t{slab->fresh++} * slab->object_size;
    }
    if (++slab->used == slab->capacity) unlink(with_room[index], slab);
    bytes_in_use += slab->object_size;
    return memory;
}

/// The slab that `memory` is a live object of; panics when there is none.
Slab* owner_of(void* memory) REQUIRES(heap_lock) {
    const auto address = reinterpret_cast<uint64_t>(memory);
    auto* slab = reinterpret_cast<Slab*>(align_down(address, kPageSize));
    const uint64_t offset = address - reinterpret_cast<uint64_t>(slab);
    if (slab->magic != kSlabMagic || offset < kFirstObject ||
        (offset - kFirstObject) % slab->object_size != 0 ||
        (offset - kFirstObject) / slab->object_size >= slab->fresh)
        panic("kfree of %p, which kmalloc did not return", memory);

    const auto* object = static_cast<const FreeObject*>(memory);
    if (object->seal == seal_of(object)) {
        // A live object may hold this number by chance: believe the list only.
        for (const FreeObject* free = slab->free; free; free = free->next) {
            if (free == object) panic("kfree of %p, which is free already", memory);
        }
    }
    return slab;
}

void free_small(void* memory) REQUIRES(heap_lock) {
    Slab* slab = owner_of(memory);
    Slab*& list = with_room[class_index(slab->object_size)];
    auto* object = static_cast<FreeObject*>(memory);
    *object = {slab->free, seal_of(object)};
    slab->free = object;
    bytes_in_use -= slab->object_size;

    if (slab->used-- == slab->capacity) link(list, slab);
    if (slab->used > 0 || (!slab->prev && !slab->next)) return;
    unlink(list, slab);
    slab->magic = 0;
    slab_count--;
    unref_frame(physical_address(slab));
}

}  // namespace

void* kmalloc(size_t size) {
    if (size == 0 || size > kHeapMaximum) return nullptr;
    LockGuard guard(heap_lock);
    if (size <= kLargestInSlab) return allocate_small(size);
    auto frame = allocate_frame();
    if (!frame.ok()) return nullptr;
    bytes_in_use += kPageSize;
    return physical_pointer(frame.value());
}

void kfree(void* memory) {
    if (!memory) return;
    LockGuard guard(heap_lock);
    if (reinterpret_cast<uint64_t>(memory) % kPageSize != 0) {
        free_small(memory);
        return;
    }
    unref_frame(physical_address(memory));
    bytes_in_use -= kPageSize;
}

size_t heap_slab_count() {
    LockGuard guard(heap_lock);
    return slab_count;
}

size_t heap_bytes_in_use() {
    LockGuard guard(heap_lock);
    return bytes_in_use;
}
