/// @file
/// What an interrupt or exception leaves on the stack.
#pragma once

#include <cstddef>
#include <cstdint>

/// The stack as interrupt_entry.S leaves it, lowest address first. From `rip` on it is the processor's own
/// doing (Intel SDM 3A, 6.14.2), which in 64-bit mode always includes RSP and SS.
struct InterruptFrame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;  ///< general registers, as interrupted
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;     ///< the rest of them
    uint64_t vector;                                ///< which entry it came by
    uint64_t error;                                 ///< 0 for vectors without an error code
    uint64_t rip, cs, rflags, rsp, ss;              ///< where it was interrupted, and its stack then

    /// True when ring 3 was interrupted.
    bool from_user() const { return (cs & 3) != 0; }
};
/// Copies the general registers but RSP from one frame to another; each kind has them in an order of its own.
template <class To, class From>
void copy_general_registers(To& to, const From& from) {
    to.r15 = from.r15;
    to.r14 = from.r14;
    to.r13 = from.r13;
    to.r12 = from.r12;
    to.r11 = from.r11;
    to.r10 = from.r10;
    to.r9 = from.r9;
    to.r8 = from.r8;
    to.rbp = from.rbp;
    to.rdi = from.rdi;
    to.rsi = from.rsi;
    to.rdx = from.rdx;
    to.rcx = from.rcx;
    to.rbx = from.rbx;
    to.rax = from.rax;
}
static_assert(sizeof(InterruptFrame) == 22 * 8);
static_assert(offsetof(InterruptFrame, vector) == 15 * 8, "15 general registers below the vector");
