/// @file
/// The instructions around an address.
#include <algorithm>
#include <array>

#include <arch/x86_64/code_listing.h>
#include <arch/x86_64/paging.h>
#include <kernel/console/console.h>
#include <kernel/debug/disassembler.h>
#include <kernel/mm/frame.h>

namespace {

/// The longest instruction there can be, in bytes (Intel SDM 2A, 2.3.11).
constexpr size_t kLongestInstruction = 15;
/// Instructions shown before and after the one at RIP.
constexpr size_t kBefore = 3;
constexpr size_t kAfter = 3;

/// Bytes of code as far as they are mapped.
struct CodeBytes {
    std::array<std::byte, kLongestInstruction> bytes;
    size_t count = 0;
    std::span<const std::byte> span() const { return {bytes.data(), count}; }
};

CodeBytes read_code(uint64_t address, uint64_t cr3) {
    CodeBytes code;
    for (; code.count < code.bytes.size(); code.count++, address++) {
        const uint64_t* entry = find_page_entry({cr3 & kPteAddress}, {address});
        if (!entry || !(*entry & kPtePresent)) break;
        // Through the direct map: a user page is not ours to touch where it is (SMAP).
        const auto* page = static_cast<const std::byte*>(physical_pointer({*entry & kPteAddress}));
        code.bytes[code.count] = page[address % kPageSize];
    }
    return code;
}

/// Prints one line and returns the length of the instruction; 0 when nothing is mapped there.
size_t print_instruction(const char* mark, uint64_t address, uint64_t cr3) {
    const CodeBytes code = read_code(address, cr3);
    if (code.count == 0) {
        kprintf("%s 0x%lx  not mapped\n", mark, address);
        return 0;
    }
    const Instruction instruction = disassemble(code.span(), address);
    const size_t length = std::max<size_t>(instruction.length, 1);
    kprintf("%s 0x%lx ", mark, address);
    for (size_t i = 0; i < std::max<size_t>(length, 7); i++) {
        if (i < length)
            kprintf(" %02x", static_cast<unsigned>(code.bytes[i]));
        else
            kprintf("   ");
    }
    kprintf("  %s\n", instruction.length ? instruction.text.data() : "(bad)");
    return length;
}

}  // namespace

void print_code_listing(uint64_t rip, uint64_t boundary, uint64_t cr3) {
    kprintf("Code:\n");
    // Where the last instructions before RIP begin, found by going through all of them; 0: not that many.
    std::array<uint64_t, kBefore + 1> recent{};
    uint64_t address = boundary;
    while (address < rip) {
        const CodeBytes code = read_code(address, cr3);
        if (code.count == 0) break;
        std::shift_left(recent.begin(), recent.end(), 1);
        recent.back() = address;
        address += std::max<size_t>(disassemble(code.span(), address).length, 1);
    }
    const bool inside = address > rip;
    for (const uint64_t start : recent)
        if (start) print_instruction(inside && start == recent.back() ? "->" : "  ", start, cr3);
    if (inside) {
        kprintf("   RIP=0x%lx is inside of it: not an instruction boundary in this program.\n", rip);
        kprintf("   What the processor was told to execute:\n");
    }
    // From RIP on as the processor sees it.
    for (size_t i = 0; i <= kAfter; i++) {
        const size_t length = print_instruction(i == 0 ? "=>" : "  ", rip, cr3);
        if (length == 0) break;
        rip += length;
    }
}
