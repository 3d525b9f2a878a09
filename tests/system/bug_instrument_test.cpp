/// @file
/// Chapter 3's instrument: it stops the machine at the moment of the corruption and names the culprit, and it
/// leaves nothing behind in a kernel that is built without it.
#include <gtest/gtest.h>

#include <iostream>

#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/system_test.h>

using harness::Machine;

namespace {

constexpr int kInitPid = 1;
constexpr int kShellPid = 2;
/// With the instrument a frame has two more words below the others: address space and stack of its maker.
constexpr uint64_t kFrameSize = 18 * 8;
constexpr uint64_t kOwnerCr3 = 0;
constexpr uint64_t kEntryStack = 8;
constexpr uint64_t kNumber = kFrameSize - 3 * 8;
constexpr uint64_t kRcx = kFrameSize - 8;
constexpr uint64_t kYield = 24;
/// init looks for ended children once in a while; the call returns, and the next yield does the damage.
constexpr uint64_t kWait4 = 61;

/// True when a function called `name` is among the callers of where the machine rests.
bool was_called_by(Machine& machine, const BugRun& run, const std::string& name) {
    harness::GdbStub& gdb = machine.gdb();
    const TaskView owner = run.stack_owner.value();
    for (uint64_t frame = run.registers.rbp; frame != 0 && frame < owner.kstack_top - 8;) {
        const harness::Symbol* function = machine.symbols().covering(gdb.read_u64(frame + 8) - 1);
        if (function && function->name == name) return true;
        const uint64_t caller = gdb.read_u64(frame);
        if (caller <= frame) break;
        frame = caller;
    }
    return false;
}

/// Empty when the check at a system call's entry has caught init on the shell's stack, with the return
/// address `rcx` in the overwritten slot if the call is a yield; otherwise what is different.
std::string differs_from_catch(Machine& machine, const BugRun& run, uint64_t rcx) {
    const TaskView& init = run.task(kInitPid);
    const TaskView& shell = run.task(kShellPid);
    if (run.registers.cr3 != init.cr3) return "the writer is not init";
    if (!run.stack_owner || run.stack_owner->pid != kShellPid) return "the stack is not the shell's";
    if (run.entry_stack != shell.kstack_top) return "CURRENT_KERNEL_STACK is not the shell's";
    if (!was_called_by(machine, run, "check_frame_at_entry"))
        return "it was not the entry's check that stopped it";
    const uint64_t frame = shell.kstack_top - kFrameSize;
    if (machine.gdb().read_u64(frame + kOwnerCr3) != init.cr3) return "the frame does not name init";
    if (machine.gdb().read_u64(frame + kEntryStack) != shell.kstack_top)
        return "the frame does not name the stack";
    const uint64_t number = machine.gdb().read_u64(frame + kNumber);
    const uint64_t slot = machine.gdb().read_u64(frame + kRcx);
    if (number == kWait4) return "";
    if (number != kYield) return "not one of init's calls: " + std::to_string(number);
    if (slot != rcx) return "the slot holds another address: " + std::to_string(slot);
    return "";
}

class BugInstrument : public testing::Test {
  protected:
    void SetUp() override { REQUIRE_STATE("sol3"); }

    /// Boots the kernel with the instrument `boots` times.
    void expect_catch(const std::string& what, const std::string& programs, int boots, uint64_t rcx) {
        BugStatistics statistics;
        int others = 0;
        for (int boot = 0; boot < boots; ++boot) {
            Machine machine(variant_options("instrument", programs));
            const BugRun run = run_to_panic(machine);
            const std::string difference = differs_from_catch(machine, run, rcx);
            if (difference.empty()) {
                statistics.add(run);
                continue;
            }
            ++others;
            std::cout << what << ", boot " << boot << ": " << difference << harness::failure_report(machine)
                      << std::endl;
        }
        std::cout << what << ": the entry check caught init on the shell's stack in " << statistics.count()
                  << " of " << boots << " boots; " << statistics.describe() << std::endl;
        // Both checks look at system calls. A tick that interrupts init in ring 3 before its next one, for
        // six instructions, uses the wrong stack as well and escapes them: one boot of about 1,600.
        EXPECT_LE(others, boots >= 20 ? 1 : 0);
    }
};

TEST_F(BugInstrument, CatchesEveryBoot) {
    expect_catch("instrument", "sol3", 20, kInitReturn);
}

// N bytes of nop before init's yield move what it returns to, and with it what the shell returns to.
TEST_F(BugInstrument, SlotMovesWithPadding) {
    expect_catch("padding 1", "padding1", 2, kInitReturn + 1);
    expect_catch("padding 8", "padding8", 2, kInitReturn + 8);
    expect_catch("padding 16", "padding16", 2, kInitReturn + 16);
}

/// The bytes of a function written in assembly: from its symbol to the next one.
size_t length_of(const harness::ElfSymbols& symbols, const std::string& name) {
    const uint64_t start = symbols.value(name);
    for (const harness::Symbol& symbol : symbols.all())
        if (!symbol.absolute && symbol.value > start) return symbol.value - start;
    throw std::runtime_error(name + " has no end");
}

TEST_F(BugInstrument, QuickLeavesNothingWhenCompiledOut) {
    const harness::ElfSymbols without(built_file("sol3", "trapline.elf"));
    for (const harness::Symbol& symbol : without.all())
        EXPECT_EQ(symbol.name.find("check_frame"), std::string::npos) << symbol.name;

    if (!has_state("sol2")) return;
    // Entry and exit are as long, and but for the addresses of two variables and of what they call the same,
    // as in the state that never heard of it. The frame's size is in the offset of nothing but these.
    const harness::ElfSymbols before(built_file("sol2", "trapline.elf"));
    for (const char* name : {"syscall_entry", "syscall_exit"}) {
        const size_t length = length_of(before, name);
        ASSERT_EQ(length_of(without, name), length) << name;
        const auto old_bytes = before.bytes_at(before.value(name), length);
        const auto new_bytes = without.bytes_at(without.value(name), length);
        size_t different = 0;
        for (size_t i = 0; i < length; ++i) different += old_bytes[i] != new_bytes[i];
        // Each of at most four 32-bit displacements.
        EXPECT_LE(different, 4u * 4u) << name;
    }
}

TEST_F(BugInstrument, IsThereWhenAskedFor) {
    const harness::ElfSymbols with(variant_options("instrument", "sol3").kernel);
    EXPECT_TRUE(with.find("check_frame_at_entry"));
    EXPECT_TRUE(with.find("check_frame_at_exit"));
}

}  // namespace
