/// @file
/// Chapters 5 and 6: what the ways into the kernel and out of it need is the processor's own. Proved from the
/// disassembly: no instruction on them names a variable.
#include <gtest/gtest.h>

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <regex>
#include <set>

#include <tests/system/entry_paths.h>
#include <tests/system/pcr_states.h>
#include <tests/system/system_test.h>

namespace {

using harness::ElfSymbols;

/// What the check found in one kernel.
struct Findings {
    size_t instructions = 0;
    std::set<std::string> variables;    ///< names, each named by an instruction
    std::vector<std::string> accesses;  ///< the instructions
};

class GlobalsCheck {
  public:
    explicit GlobalsCheck(const std::string& state)
        : elf_(built_file(state, "trapline.elf")), symbols_(elf_) {}

    const ElfSymbols& symbols() const { return symbols_; }

    Findings run() {
        for (const EntryPath& path : entry_paths(elf_, symbols_))
            for (const CodeLine& line : path.code) check(path, line);
        return findings_;
    }

  private:
    /// An address in the kernel's image, in any of the forms that an operand has for it: relative to RIP
    /// (objdump's remark is cut off, so it is computed by the next instruction's address: any such operand is
    /// a finding), absolute with or without an index, or as an immediate number.
    void check(const EntryPath& path, const CodeLine& line) {
        ++findings_.instructions;
        if (is_branch(line) && line.operands.find('*') == std::string::npos) return;
        if (is_system_call_table(line)) return;
        const std::regex numbers("(-?)0x([0-9a-f]+)");
        for (std::sregex_iterator match(line.operands.begin(), line.operands.end(), numbers), end;
             match != end; ++match) {
            uint64_t value = std::stoull((*match)[2], nullptr, 16);
            if ((*match)[1].length() > 0) value = -value;
            const std::string rest = match->suffix();
            if (rest.starts_with("(%rip)"))
                found(path, line, value + next_address(path, line));
            else if (in_image(value))
                found(path, line, value);
        }
    }

    static bool is_branch(const CodeLine& line) {
        return line.mnemonic.starts_with("j") || line.mnemonic.starts_with("call");
    }

    /// `call *syscall_table(, %rax, 8)`, where the table is read only.
    bool is_system_call_table(const CodeLine& line) {
        const harness::Symbol* table = symbols_.find("syscall_table");
        if (!table || !line.mnemonic.starts_with("call")) return false;
        if (line.operands != fmt::format("*-{:#x}(,%rax,8)", -table->value)) return false;
        return std::any_of(symbols_.sections().begin(), symbols_.sections().end(), [&](const auto& section) {
            return table->value >= section.address && table->value < section.address + section.size &&
                   (section.flags & SHF_WRITE) == 0;
        });
    }

    static uint64_t next_address(const EntryPath& path, const CodeLine& line) {
        for (const CodeLine& other : path.code)
            if (other.address > line.address) return other.address;
        return line.address;
    }

    bool in_image(uint64_t value) {
        return value >= symbols_.value("text_start") && value < symbols_.value("kernel_end");
    }

    void found(const EntryPath& path, const CodeLine& line, uint64_t address) {
        const harness::Symbol* variable = symbols_.covering(address);
        findings_.variables.insert(variable ? variable->name : fmt::format("{:#x}", address));
        findings_.accesses.push_back(fmt::format("{}: {} {}", path.name, line.mnemonic, line.operands));
    }

    std::filesystem::path elf_;
    ElfSymbols symbols_;
    Findings findings_;
};

class QuickPcrGlobals : public testing::TestWithParam<std::string> {};
IN_PCR_STATES(QuickPcrGlobals);

TEST_P(QuickPcrGlobals, NoVariableOnAnyEntryOrExitPath) {
    GlobalsCheck check(GetParam());
    for (const char* name : {"CURRENT_KERNEL_STACK", "USER_RSP_SCRATCH"})
        EXPECT_EQ(check.symbols().find(name), nullptr) << name;
    const Findings findings = check.run();
    for (const std::string& access : findings.accesses) ADD_FAILURE() << access;
    EXPECT_GT(findings.instructions, 900u) << "256 stubs alone have more than 2 each";
    std::cout << findings.instructions << " instructions, " << findings.accesses.size() << " name a variable"
              << std::endl;
}

/// The same check finds both variables of chapter 2 in the chapter before chapter 5.
TEST(QuickPcrGlobalsIsNotBlind, FindsThoseOfChapter4) {
    REQUIRE_STATE("sol4");
    GlobalsCheck check("sol4");
    const Findings findings = check.run();
    EXPECT_EQ(findings.variables, (std::set<std::string>{"CURRENT_KERNEL_STACK", "USER_RSP_SCRATCH"}));
    EXPECT_GE(findings.accesses.size(), 3u);
}

}  // namespace
