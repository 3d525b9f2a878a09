/// @file
/// Building binary structures, and handing broken ones to a parser such that reading outside of them crashes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

/// Bytes under construction.
class Blob {
  public:
    template <class T>
    Blob& add(const T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        const auto* bytes = reinterpret_cast<const std::byte*>(&value);
        bytes_.insert(bytes_.end(), bytes, bytes + sizeof(T));
        return *this;
    }
    /// Adds the characters without a terminating null.
    Blob& add_text(std::string_view text) {
        const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
        bytes_.insert(bytes_.end(), bytes, bytes + text.size());
        return *this;
    }
    /// Adds zeros up to a multiple of `alignment`.
    Blob& pad(size_t alignment) {
        while (bytes_.size() % alignment != 0) bytes_.push_back(std::byte{0});
        return *this;
    }
    /// Overwrites what is at `offset`.
    template <class T>
    Blob& put(size_t offset, const T& value) {
        const auto* bytes = reinterpret_cast<const std::byte*>(&value);
        for (size_t i = 0; i < sizeof(T); ++i) bytes_.at(offset + i) = bytes[i];
        return *this;
    }
    Blob& resize(size_t size) {
        bytes_.resize(size);
        return *this;
    }
    size_t size() const { return bytes_.size(); }
    std::span<const std::byte> bytes() const { return bytes_; }

  private:
    std::vector<std::byte> bytes_;
};

/// Memory between two inaccessible pages.
class GuardedMemory {
  public:
    explicit GuardedMemory(size_t capacity);
    GuardedMemory(const GuardedMemory&) = delete;
    GuardedMemory& operator=(const GuardedMemory&) = delete;
    ~GuardedMemory();

    /// A copy of `content` that ends right in front of the upper guard (reading past its end crashes) or
    /// starts right behind the lower one. Valid until the next call.
    std::span<std::byte> place(std::span<const std::byte> content, bool at_end);

  private:
    size_t size_;  ///< accessible bytes
    std::byte* mapping_;
};

/// Calls `test` with every truncation of `blob`, then with `rounds` random mutations of it (bytes and words
/// overwritten, with a liking for extreme numbers, and cut), all in guarded memory and the same in every run.
void for_each_mutation(std::span<const std::byte> blob, unsigned rounds,
                       const std::function<void(std::span<const std::byte>)>& test);
