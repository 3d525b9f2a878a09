/// @file
/// The tree's global descriptor table: ring 0 and nothing else.
#include <array>

#include <arch/x86_64/gdt.h>

namespace {

// Access bytes and flags as in Intel SDM 3A, 3.4.5: present, DPL 0, code or data; base and limit are ignored
// in 64-bit mode, L marks 64-bit code.
constexpr std::array<uint64_t, 4> kGdt{
    0,                   // 0x00: null
    0,                   // 0x08: unused
    0x00af9b000000ffff,  // 0x10: ring 0 code
    0x00cf93000000ffff,  // 0x18: ring 0 data
};

}  // namespace

void init_gdt() {
    const struct [[gnu::packed]] {
        uint16_t limit;
        const void* base;
    } pointer{sizeof(kGdt) - 1, kGdt.data()};
    // Same selectors as the boot GDT: the segment registers' hidden parts stay right.
    asm volatile("lgdt %0" ::"m"(pointer));
}
