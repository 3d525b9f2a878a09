/// @file
/// W^X, guard pages and the borders between kernel and programs, read from the page tables.
/// Checks docs/invariants/interrupt-stacks.md, docs/invariants/w-xor-x.md.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include <tests/harness/page_tables.h>
#include <tests/system/kernel_view.h>
#include <tests/system/page_audit.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using harness::Machine;

class MemoryMapTest : public SystemTest {
  protected:
    /// The tasks' address spaces: the kernel's own, and one for each program.
    size_t count_spaces() {
        std::set<uint64_t> spaces;
        for (const TaskView& task : read_tasks(machine())) spaces.insert(task.cr3);
        return spaces.size();
    }

    /// Audits the address space of every task and the guards of all stacks. Returns the number of address
    /// spaces.
    size_t audit() {
        std::set<uint64_t> spaces{machine().gdb().regs().cr3};
        std::vector<uint64_t> stacks;
        for (const TaskView& task : read_tasks(machine())) {
            spaces.insert(task.cr3);
            stacks.push_back(task.kstack_top);
        }
        for (const uint64_t cr3 : spaces) {
            EXPECT_EQ(audit_address_space(machine(), cr3), "") << "CR3 " << std::hex << cr3;
            EXPECT_EQ(unguarded_stacks(machine(), cr3, stacks), "") << "CR3 " << std::hex << cr3;
        }
        EXPECT_FALSE(stacks.empty());
        return spaces.size();
    }
};

class QuickMemoryMap : public MemoryMapTest {};

TEST_F(QuickMemoryMap, Tree) {
    REQUIRE_STATE("sol0");
    boot("sol0").gdb();
    EXPECT_EQ(audit(), 1u);
}

class QuickMemoryMapWithPrograms : public MemoryMapTest, public testing::WithParamInterface<std::string> {};
IN_STATES_WITH_SHELL(QuickMemoryMapWithPrograms);

TEST_P(QuickMemoryMapWithPrograms, IsSafe) {
    Machine& machine = boot(GetParam());
    ShellSession shell(machine);
    machine.gdb();
    EXPECT_EQ(audit(), 3u) << "the kernel's, init's and the shell's";

    // While a program runs, and others wait on pipes.
    machine.gdb().resume();
    shell.start("/tests/spin | cat | cat");
    machine.gdb().interrupt();
    for (int i = 0; i < 500 && count_spaces() < 6; ++i) {
        machine.gdb().resume();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        machine.gdb().interrupt();
    }
    EXPECT_EQ(audit(), 6u);
}

TEST_F(QuickMemoryMap, InterruptStacksAreGuarded) {
    for (const std::string state : {"sol1", "sol2", "sol6"}) {
        if (!has_state(state)) continue;
        Machine& machine = boot(state);
        machine.gdb();
        const TssView tss = read_tss(machine);
        std::vector<uint64_t> tops(tss.ist.begin(), tss.ist.begin() + 4);
        // The last words of such a stack may hold something else: the address of the PCR.
        for (uint64_t& top : tops) top = (top + 4095) & ~uint64_t{4095};
        EXPECT_EQ(unguarded_stacks(machine, machine.gdb().regs().cr3, tops), "") << state;
    }
}

}  // namespace
