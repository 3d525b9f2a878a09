/// @file
/// Reading structures out of bytes that nobody has checked yet: archives, executables, loaders' tables. Any
/// context.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

/// Copies the T at `offset` of `data` to `out`; false, with `out` untouched, when it does not lie wholly
/// inside. It need not be aligned there. Any context.
template <class T>
bool read_at(std::span<const std::byte> data, uint64_t offset, T& out) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (offset > data.size() || data.size() - offset < sizeof(T)) return false;
    __builtin_memcpy(&out, data.data() + offset, sizeof(T));
    return true;
}

/// True when `offset` and the `length` bytes behind it lie within `size` bytes; safe against wrap-around.
constexpr bool range_fits(uint64_t offset, uint64_t length, uint64_t size) {
    return offset <= size && length <= size - offset;
}
