/// @file
/// Takes descriptors apart.
#include <tests/labs/01-gdt-tss/descriptor_fields.h>

#include <fmt/format.h>

uint64_t bits(uint64_t value, int high, int low) {
    return value >> low & ~uint64_t{0} >> (63 - high + low);
}

std::string segment_kind(uint64_t descriptor) {
    if (descriptor == 0) return "nothing";
    if (!bits(descriptor, 47, 47)) return fmt::format("{:#x}, which is not present", descriptor);
    if (!bits(descriptor, 44, 44)) return fmt::format("{:#x}, a system segment", descriptor);
    const uint64_t ring = bits(descriptor, 46, 45);
    if (!bits(descriptor, 43, 43)) return fmt::format("data of ring {}", ring);
    return fmt::format("{} code of ring {}", bits(descriptor, 54, 53) == 1 ? "64-bit" : "16- or 32-bit",
                       ring);
}

uint64_t tss_base(uint64_t low, uint64_t high) {
    return bits(low, 39, 16) | bits(low, 63, 56) << 24 | high << 32;
}

uint64_t tss_limit(uint64_t low) {
    return bits(low, 15, 0) | bits(low, 51, 48) << 16;
}
