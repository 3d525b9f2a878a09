/// @file
/// Encodings of segment descriptors (Intel SDM 3A, 3.4.5 and 7.2.3), computed at compile time.
#pragma once

#include <array>
#include <cstdint>

/// Type field of a system descriptor: 64-bit TSS, not busy (Intel SDM 3A, table 3-2).
inline constexpr uint64_t kTypeTss = 0b1001;

// Bits of a code or data descriptor. Base and limit are absent: 64-bit mode ignores them for these segments.

/// Set beforehand, or loading would write to the GDT.
inline constexpr uint64_t kDescriptorAccessed = 1ull << 40;
inline constexpr uint64_t kDescriptorWritable = 1ull << 41;    ///< data; for code: readable
inline constexpr uint64_t kDescriptorExecutable = 1ull << 43;  ///< code
inline constexpr uint64_t kDescriptorNotSystem = 1ull << 44;   ///< code or data
inline constexpr int kDescriptorDplShift = 45;                 ///< lowest bit of the ring that may use it
inline constexpr uint64_t kDescriptorPresent = 1ull << 47;     ///< loading it without is #NP
inline constexpr uint64_t kDescriptorLong = 1ull << 53;        ///< 64-bit code

/// A 64-bit code segment for ring `dpl`.
constexpr uint64_t code_descriptor(uint64_t dpl) {
    return kDescriptorPresent | dpl << kDescriptorDplShift | kDescriptorNotSystem | kDescriptorExecutable |
           kDescriptorWritable | kDescriptorAccessed | kDescriptorLong;
}

/// A data segment for ring `dpl`, as SS and the others need it.
constexpr uint64_t data_descriptor(uint64_t dpl) {
    return kDescriptorPresent | dpl << kDescriptorDplShift | kDescriptorNotSystem | kDescriptorWritable |
           kDescriptorAccessed;
}

/// The two GDT slots of a 64-bit TSS at `base` whose last byte is at base + `limit`.
constexpr std::array<uint64_t, 2> tss_descriptor(uint64_t base, uint64_t limit) {
    return {
        (limit & 0xffff) | (base & 0xffffff) << 16 | kTypeTss << 40 | kDescriptorPresent |
            (limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56,
        base >> 32,
    };
}
