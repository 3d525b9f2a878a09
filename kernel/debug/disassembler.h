/// @file
/// A small disassembler for x86-64 code: tells how long instructions are, and names those that compilers and
/// this kernel use. Panic reports show code with it, and find instruction boundaries. Pure: no memory is
/// allocated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

/// One decoded instruction.
struct Instruction {
    size_t length = 0;            ///< in bytes; 0: not an instruction in 64-bit mode, or cut off
    std::array<char, 96> text{};  ///< null-terminated; "(bad)" if length is 0
};

/// Decodes the instruction that `code` starts with; `address` is where the processor sees it, for the targets
/// of jumps and of operands relative to RIP. `code` may be any bytes; none behind its end is read.
///
/// The text is in AT&T syntax as objdump prints it, with "0x" before targets and without prefixes and index
/// registers that change nothing. Instructions outside the everyday set (SSE, x87, ...) have their length and
/// the text "(other)". VEX and EVEX code is "(bad)": of all that is here only /tests/avx has any. An
/// unlockable instruction behind LOCK and x87's reserved encodings raise #UD on a processor, but are decoded
/// here all the same. Any context.
Instruction disassemble(std::span<const std::byte> code, uint64_t address);
