/// @file
/// Runs objdump and reads what it prints.
#include <tests/system/code_listing.h>

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include <tests/harness/error.h>
#include <tests/harness/process.h>
#include <tests/harness/temp_folder.h>

std::vector<CodeLine> list_code(const std::filesystem::path& elf, uint64_t from, uint64_t to) {
    const harness::TempFolder folder;
    harness::Process objdump({.command = {"x86_64-linux-gnu-objdump", "-d", "--no-show-raw-insn",
                                          fmt::format("--start-address={:#x}", from),
                                          fmt::format("--stop-address={:#x}", to), elf},
                              .output = folder / "listing"});
    constexpr harness::Duration kLimit(30'000);
    const std::string text = objdump.wait_status(kLimit) == 0 ? objdump.output() : "";

    std::vector<CodeLine> code;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        // "ffffffff8010c396:	mov    %rsp,%gs:0x10        # remark"
        const size_t tab = line.find(":\t");
        if (tab == std::string::npos) continue;
        if (line.find("nop") != std::string::npos || line.find("xchg   %ax,%ax") != std::string::npos)
            continue;
        std::istringstream words(line.substr(tab + 2));
        CodeLine instruction;
        instruction.address = std::stoull(line.substr(0, tab), nullptr, 16);
        words >> instruction.mnemonic;
        std::getline(words >> std::ws, instruction.operands);
        if (const size_t name = instruction.operands.rfind('<'); name != std::string::npos)
            instruction.remark =
                instruction.operands.substr(name + 1, instruction.operands.rfind('>') - name - 1);
        instruction.operands.resize(std::min(instruction.operands.find(" #"), instruction.operands.size()));
        const size_t end = instruction.operands.find_last_not_of(" \t");
        instruction.operands.resize(end == std::string::npos ? 0 : end + 1);
        code.push_back(instruction);
    }
    if (code.empty()) throw harness::InfrastructureError("objdump lists no code of " + elf.string());
    return code;
}
