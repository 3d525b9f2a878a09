/// @file
/// Checked copies from and to user memory.
#include <algorithm>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/layout.h>
#include <kernel/libk/string.h>
#include <kernel/mm/user_copy.h>

namespace {

extern "C" uint64_t user_copy(void* to, const void* from, uint64_t count);

/// True when [address, address + length) lies in the user's half.
bool user_range(uint64_t address, size_t length) {
    return address <= kUserLimit && length <= kUserLimit - address;
}

/// user_copy() with ring 0 allowed to touch user pages; the number of bytes not copied.
uint64_t copy(void* to, const void* from, uint64_t count) {
    if (cpu_features.smap) stac();
    const uint64_t left = user_copy(to, from, count);
    if (cpu_features.smap) clac();
    return left;
}

}  // namespace

Result<void> copy_from_user(void* to, UserPtr<const void> from, size_t length) {
    if (!user_range(from.address, length)) return Errno::kEFAULT;
    if (copy(to, reinterpret_cast<const void*>(from.address), length) != 0) return Errno::kEFAULT;
    return {};
}

Result<void> copy_to_user(UserPtr<void> to, const void* from, size_t length) {
    if (!user_range(to.address, length)) return Errno::kEFAULT;
    if (copy(reinterpret_cast<void*>(to.address), from, length) != 0) return Errno::kEFAULT;
    return {};
}

size_t copy_part_from_user(void* to, UserPtr<const void> from, size_t length) {
    if (!user_range(from.address, length)) return length;
    return copy(to, reinterpret_cast<const void*>(from.address), length);
}

size_t copy_part_to_user(UserPtr<void> to, const void* from, size_t length) {
    if (!user_range(to.address, length)) return length;
    return copy(reinterpret_cast<void*>(to.address), from, length);
}

Result<size_t> copy_string_from_user(std::span<char> out, UserPtr<const char> from) {
    size_t length = 0;
    while (length < out.size()) {
        // Never past the end of a page in one go: what follows the string may not be mapped.
        const uint64_t address = from.address + length;
        if (!user_range(address, 1)) return Errno::kEFAULT;
        const size_t chunk = std::min<size_t>(out.size() - length, kPageSize - (address & (kPageSize - 1)));
        if (copy(&out[length], reinterpret_cast<const void*>(address), chunk) != 0) return Errno::kEFAULT;
        if (const void* null = memchr(&out[length], '\0', chunk))
            return static_cast<size_t>(static_cast<const char*>(null) - out.data());
        length += chunk;
    }
    return Errno::kENAMETOOLONG;
}
