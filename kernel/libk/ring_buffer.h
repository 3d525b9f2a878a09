/// @file
/// A queue of bytes between one producer and one consumer, one of which may be an interrupt handler.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

/// Holds up to `Capacity` bytes, a power of two. Exactly one context may put() and exactly one may get(); no
/// lock is needed between the two. Several producers (or consumers) need a lock among themselves.
template <size_t Capacity>
class RingBuffer {
    static_assert(std::has_single_bit(Capacity) && Capacity <= 1u << 31);

  public:
    constexpr RingBuffer() = default;
    RingBuffer(const RingBuffer&) = delete;
    RingBuffer& operator=(const RingBuffer&) = delete;

    /// Bytes that fit.
    static constexpr size_t capacity() { return Capacity; }

    /// Producer: appends `byte`; false when full, with nothing changed.
    bool put(char byte) {
        const uint32_t tail = tail_;
        if (tail - __atomic_load_n(&head_, __ATOMIC_ACQUIRE) == Capacity) return false;
        bytes_[tail % Capacity] = byte;
        __atomic_store_n(&tail_, tail + 1, __ATOMIC_RELEASE);  // the byte is there before its count
        return true;
    }

    /// Consumer: takes the oldest byte; false when empty, with `byte` untouched.
    bool get(char& byte) {
        const uint32_t head = head_;
        if (__atomic_load_n(&tail_, __ATOMIC_ACQUIRE) == head) return false;
        byte = bytes_[head % Capacity];
        __atomic_store_n(&head_, head + 1, __ATOMIC_RELEASE);  // the byte is read before its place is free
        return true;
    }

    /// Bytes waiting. Exact for the one side that is not running; elsewhere a moment old.
    size_t size() const {
        // Head first: it can only move towards the tail, so the difference never wraps.
        const uint32_t head = __atomic_load_n(&head_, __ATOMIC_ACQUIRE);
        return __atomic_load_n(&tail_, __ATOMIC_ACQUIRE) - head;
    }
    /// size() is 0.
    bool empty() const { return size() == 0; }
    /// put() would fail.
    bool full() const { return size() >= Capacity; }

  private:
    // Both count up for ever and wrap at 2^32, a multiple of the capacity.
    uint32_t head_ = 0;  ///< bytes ever taken; the consumer's
    uint32_t tail_ = 0;  ///< bytes ever put; the producer's
    std::array<char, Capacity> bytes_{};
};
