/// @file
/// Addresses have types, so that a physical address can't be dereferenced, nor a user's pointer trusted,
/// by mistake. Any context.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <type_traits>

/// Size of a page and of a physical frame, in bytes.
inline constexpr uint64_t kPageSize = 4096;

/// Rounds `value` down to a multiple of `alignment`, a power of two.
constexpr uint64_t align_down(uint64_t value, uint64_t alignment) {
    return value & ~(alignment - 1);
}
/// Rounds `value` up to a multiple of `alignment`, a power of two. Wraps to 0 within the last unit.
constexpr uint64_t align_up(uint64_t value, uint64_t alignment) {
    return align_down(value + alignment - 1, alignment);
}

/// A physical address, in bytes. Reach its content through physical_pointer() of `<arch/x86_64/layout.h>`.
struct PhysAddr {
    uint64_t value = 0;  ///< bytes from physical address 0
    /// By value.
    constexpr auto operator<=>(const PhysAddr&) const = default;
    /// The address `offset` bytes further on.
    constexpr PhysAddr operator+(uint64_t offset) const { return {value + offset}; }
};

/// A virtual address, in bytes, of either half. Not known to be mapped.
struct VirtAddr {
    uint64_t value = 0;  ///< as the processor sees it
    /// By value.
    constexpr auto operator<=>(const VirtAddr&) const = default;
    /// The address `offset` bytes further on.
    constexpr VirtAddr operator+(uint64_t offset) const { return {value + offset}; }
    /// The distance from `other`, in bytes.
    constexpr uint64_t operator-(VirtAddr other) const { return value - other.value; }
};

/// A pointer that a user program handed in: a number until a checked copy has used it
/// (`<kernel/mm/user_copy.h>`). Of void it is untyped memory, counted in bytes.
template <class T>
struct UserPtr {
    uint64_t address = 0;  ///< as the program gave it
    constexpr UserPtr() = default;
    /// A number from a register becomes a pointer.
    explicit constexpr UserPtr(uint64_t value) : address(value) {}
    /// The same address without its type.
    template <class U>
    requires std::is_void_v<T>
    constexpr UserPtr(UserPtr<U> other) : address(other.address) {}
    /// The pointer `count` elements further on; may wrap, which the checked copy refuses.
    constexpr UserPtr operator+(uint64_t count) const {
        if constexpr (std::is_void_v<T>)
            return UserPtr(address + count);
        else
            return UserPtr(address + count * sizeof(T));
    }
    /// True for the program's null pointer.
    constexpr bool is_null() const { return address == 0; }
};
