/// @file
/// A processor's registers as QEMU's debugger stub shows them, and where they lie in its packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

/// The registers that tests look at. Segment registers are the selectors.
struct Registers {
    uint64_t rax = 0, rbx = 0, rcx = 0, rdx = 0, rsi = 0, rdi = 0, rbp = 0, rsp = 0;
    uint64_t r8 = 0, r9 = 0, r10 = 0, r11 = 0, r12 = 0, r13 = 0, r14 = 0, r15 = 0;
    uint64_t rip = 0, rflags = 0;
    uint64_t cs = 0, ss = 0, ds = 0, es = 0, fs = 0, gs = 0;
    uint64_t fs_base = 0, gs_base = 0, k_gs_base = 0;  ///< k_gs_base: what SWAPGS would bring
    uint64_t cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0, cr8 = 0, efer = 0;

    bool operator==(const Registers&) const = default;
    /// Current privilege level.
    unsigned cpl() const { return static_cast<unsigned>(cs & 3); }
};

/// A member of Registers and the name that gdb has for it.
struct RegisterField {
    std::string_view name;
    uint64_t Registers::*member;
};
/// All members of Registers, in the order of a readable dump.
std::span<const RegisterField> register_fields();

/// All registers, some a line, for people.
std::string format_registers(const Registers& registers);
/// One line for each register that differs: name, first value, second value. Empty when all are equal.
std::string format_difference(const Registers& before, const Registers& after);

/// Where a register lies in the stub's `g` packet.
struct RegisterSlot {
    std::string name;
    unsigned number = 0;  ///< for `p` and `P`
    size_t offset = 0;    ///< in bytes
    size_t size = 0;      ///< in bytes
};

/// Reads the `<reg>` elements of a target description (gdb manual, "Target Description Format"). Throws
/// InfrastructureError when there are none.
std::vector<RegisterSlot> parse_target_description(std::string_view xml);

}  // namespace harness
