/// @file
/// Encodings of segment descriptors (Intel SDM 3A, 3.4.5 and 7.2.3), computed at compile time.
#pragma once

#include <array>
#include <cstdint>

/// Type field of a system descriptor: 64-bit TSS, not busy (Intel SDM 3A, table 3-2).
inline constexpr uint64_t kTypeTss = 0b1001;

/// A 64-bit code segment for ring `dpl`, which is 0 to 3. Base and limit are 0: 64-bit mode ignores them.
constexpr uint64_t code_descriptor(uint64_t /*dpl*/) {
    // TODO(lab1.1): The value describes 64-bit code of ring `dpl` that is present, readable, not conforming,
    // and marked as accessed beforehand.
    return 0;
}

/// A data segment for ring `dpl`, as SS and the others need it. Base and limit are 0.
constexpr uint64_t data_descriptor(uint64_t /*dpl*/) {
    // TODO(lab1.1): The value describes data of ring `dpl` that is present, writable, does not expand down,
    // and is marked as accessed beforehand.
    return 0;
}

/// The two GDT slots of a 64-bit TSS at `base` whose last byte is at base + `limit`.
constexpr std::array<uint64_t, 2> tss_descriptor(uint64_t /*base*/, uint64_t /*limit*/) {
    // TODO(lab1.1): The two words describe a present TSS that is not busy and that only ring 0 may name;
    // every bit of `base`, and the lower 20 of `limit`, which counts bytes, are where the processor looks
    // for them.
    return {};
}
