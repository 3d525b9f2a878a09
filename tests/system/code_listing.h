/// @file
/// The instructions of a kernel, as objdump lists them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// One instruction.
struct CodeLine {
    uint64_t address = 0;
    std::string mnemonic;  ///< "mov"
    std::string operands;  ///< "%rsp,%gs:0x10", AT&T syntax, without objdump's remarks
    std::string remark{};  ///< objdump's word on what an operand or target is, such as "CURRENT_KERNEL_STACK"
};

/// The instructions from address `from` up to, not including, `to`, with padding left out. Throws
/// harness::InfrastructureError when objdump fails or lists none.
std::vector<CodeLine> list_code(const std::filesystem::path& elf, uint64_t from, uint64_t to);
