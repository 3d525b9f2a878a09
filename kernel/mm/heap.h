/// @file
/// The kernel heap: small objects from slabs of equal size, one page a slab.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// The largest object the heap gives out, in bytes: one whole frame. Nothing in this kernel needs more in one
/// piece, which is what keeps the heap this small.
inline constexpr size_t kHeapMaximum = 4096;

/// `size` bytes, uninitialised and aligned to 16 (objects above 2048 bytes to 4096), or null when memory is
/// out or size is 0 or above kHeapMaximum. Any context except NMI.
[[nodiscard]] void* kmalloc(size_t size);
/// Gives back what kmalloc() returned; null is ignored. Any context except NMI.
void kfree(void* memory);

/// A page from the heap, for as long as it is needed. Any context except NMI.
class HeapPage {
  public:
    HeapPage() : memory_(kmalloc(kHeapMaximum)) {}
    HeapPage(const HeapPage&) = delete;
    HeapPage& operator=(const HeapPage&) = delete;
    ~HeapPage() { kfree(memory_); }
    /// False when memory was out.
    bool ok() const { return memory_ != nullptr; }
    /// The page as bytes or characters, uninitialised. Requires ok().
    template <class T = std::byte>
    std::span<T> bytes() const {
        return {static_cast<T*>(memory_), kHeapMaximum};
    }

  private:
    void* const memory_;
};

/// Bytes in live objects, for the leak checks of the tests. Any context but NMI.
size_t heap_bytes_in_use();
/// Frames that are slabs, empty ones included. How many the same objects need depends on their history. Any
/// context except NMI.
size_t heap_slab_count();
