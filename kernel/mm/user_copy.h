/// @file
/// The only ways to touch a program's memory: checked copies that survive any pointer.
#pragma once

#include <cstddef>
#include <span>

#include <kernel/libk/address.h>
#include <kernel/libk/result.h>

/// Copies `length` bytes from the current program's memory. EFAULT when any of it is not mapped or not the
/// user's; `to` may then hold a part. Task context; no lock held (a page may have to be made first).
Result<void> copy_from_user(void* to, UserPtr<const void> from, size_t length);
/// Copies `length` bytes to the current program's memory. EFAULT when any of it can't be written; a part may
/// then have been. Context as copy_from_user().
Result<void> copy_to_user(UserPtr<void> to, const void* from, size_t length);
/// As copy_from_user(), as far as that goes: returns how many bytes are left, all of them when the range
/// leaves the user's half.
size_t copy_part_from_user(void* to, UserPtr<const void> from, size_t length);
/// As copy_to_user(), in the same way.
size_t copy_part_to_user(UserPtr<void> to, const void* from, size_t length);
/// Copies a null-terminated string into `out` and returns its length without the null. EFAULT, or
/// ENAMETOOLONG when it does not fit. Context as copy_from_user().
Result<size_t> copy_string_from_user(std::span<char> out, UserPtr<const char> from);

/// One object of a plain type.
template <class T>
Result<T> read_user(UserPtr<const T> from) {
    T value{};
    TRY_VOID(copy_from_user(&value, from, sizeof(T)));
    return value;
}
/// Writes one object of a plain type, in the same way.
template <class T>
Result<void> write_user(UserPtr<T> to, const T& value) {
    return copy_to_user(to, &value, sizeof(T));
}
