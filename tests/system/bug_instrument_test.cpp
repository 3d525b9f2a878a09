/// @file
/// Chapter 3's instrument: it stops the machine at the moment of the corruption and names the culprit, and it
/// leaves nothing behind in a kernel that is built without it.
/// Checks docs/invariants/frame-ownership.md.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <iostream>

#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/bug_tick.h>
#include <tests/system/shell_session.h>
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
constexpr unsigned kTimerVector = 32;
/// Where an interrupt of ring 3 puts RIP: below SS, RSP, RFLAGS and CS.
constexpr uint64_t kRipBelowTop = 5 * 8;
/// The checkpoints at the two ways in.
constexpr char kCallCheck[] = "check_frame_at_entry";
constexpr char kTickCheck[] = "check_interrupted_program";

/// Empty when the check at a system call's entry has caught init on the shell's stack, with the return
/// address `rcx` in the overwritten slot if the call is a yield; otherwise what is different.
std::string differs_from_call(Machine& machine, const BugRun& run, uint64_t rcx) {
    const TaskView& shell = run.task(kShellPid);
    const uint64_t frame = shell.kstack_top - kFrameSize;
    if (machine.gdb().read_u64(frame + kOwnerCr3) != run.task(kInitPid).cr3)
        return "the frame does not name init";
    if (machine.gdb().read_u64(frame + kEntryStack) != shell.kstack_top)
        return "the frame does not name the stack";
    const uint64_t number = machine.gdb().read_u64(frame + kNumber);
    const uint64_t slot = machine.gdb().read_u64(frame + kRcx);
    if (number == kWait4) return "";
    if (number != kYield) return "not one of init's calls: " + std::to_string(number);
    if (slot != rcx) return "the slot holds another address: " + std::to_string(slot);
    return "";
}

/// Empty when the check at interrupts has caught a tick of init on the shell's stack.
std::string differs_from_tick(Machine& machine, const BugRun& run) {
    const auto ticks = machine.int_log().with_vector(kTimerVector);
    if (ticks.empty()) return "there was no tick";
    const harness::IntEntry& last = ticks.back();
    if (last.cpl != 3) return "not in ring 3: " + harness::format_entry(last);
    if (last.cr3 != run.task(kInitPid).cr3) return "not in init: " + harness::format_entry(last);
    const uint64_t rip = run.task(kShellPid).kstack_top - kRipBelowTop;
    if (machine.gdb().read_u64(rip) != last.rip) return "its frame is not at the top of the shell's stack";
    return "";
}

/// Empty when one of the checks has caught init on the shell's stack; otherwise what is different.
std::string differs_from_catch(Machine& machine, const BugRun& run, uint64_t rcx) {
    const TaskView& shell = run.task(kShellPid);
    if (run.registers.cr3 != run.task(kInitPid).cr3) return "the writer is not init";
    if (!run.stack_owner || run.stack_owner->pid != kShellPid) return "the stack is not the shell's";
    if (run.entry_stack != shell.kstack_top) return "CURRENT_KERNEL_STACK is not the shell's";
    if (was_called_by(machine, run, kCallCheck)) return differs_from_call(machine, run, rcx);
    if (was_called_by(machine, run, kTickCheck)) return differs_from_tick(machine, run);
    return "neither the check at system calls nor that at interrupts has stopped it";
}

/// The report, not by its words but by what it has to name: victim, writer, the slot and what it holds, and
/// both stacks.
void expect_report(Machine& machine, const BugRun& run) {
    const uint64_t slot = run.task(kShellPid).kstack_top - 8;
    const std::string serial = machine.serial();
    const std::string report = serial.substr(serial.find(kPrompt));
    for (const std::string& wanted :
         {std::string("victim: sh (pid 2)"), std::string("writer: init (pid 1)"), fmt::format("{:#x}", slot),
          fmt::format("{:#x}", machine.gdb().read_u64(slot)),
          fmt::format("{:#x}", run.task(kInitPid).kstack_top),
          fmt::format("{:#x}", run.task(kShellPid).kstack_top)})
        EXPECT_NE(report.find(wanted), std::string::npos) << wanted << " is not in:\n" << report;
}

class BugInstrument : public testing::Test {
  protected:
    void SetUp() override { REQUIRE_STATE("sol3"); }

    /// Boots the kernel with the instrument `boots` times.
    void expect_catch(const std::string& what, const std::string& programs, int boots, uint64_t rcx) {
        BugStatistics statistics;
        int at_ticks = 0;
        for (int boot = 0; boot < boots; ++boot) {
            Machine machine(variant_options("instrument", programs));
            const BugRun run = run_to_panic(machine);
            ASSERT_EQ(differs_from_catch(machine, run, rcx), "")
                << what << ", boot " << boot << harness::failure_report(machine);
            expect_report(machine, run);
            at_ticks += was_called_by(machine, run, kTickCheck);
            statistics.add(run);
        }
        std::cout << what << ": init caught on the shell's stack in " << statistics.count() << " of " << boots
                  << " boots, in " << at_ticks << " of them at a tick; " << statistics.describe()
                  << std::endl;
    }
};

TEST_F(BugInstrument, CatchesEveryBoot) {
    expect_catch("instrument", "sol3", 20, kInitReturn);
}

// By hand, for the numbers in the documentation: see BugPanic.
TEST_F(BugInstrument, DISABLED_CatchesOfManyBoots) {
    expect_catch("instrument", "sol3", 200, kInitReturn);
}

// From init's return with the wrong stack published to its next call a tick would be the first to use that
// stack. It has six instructions to do so, one boot of about 1,600: here it comes at each of them.
TEST_F(BugInstrument, CatchesATickBeforeTheNextCall) {
    int points = 0;
    for (bool in_ring_3 = true; in_ring_3; ++points) {
        uint64_t rip = 0;
        const auto [ticks, run] =
            run_with_ticks(variant_options("instrument", "sol3"), [&](TickMachine& machine) {
                machine.go_to_window();
                machine.raise();
                machine.go_to_stale_return();
                for (int step = 0; step < points; ++step) machine.gdb().step();
                const harness::Registers registers = machine.gdb().regs();
                rip = registers.rip;
                in_ring_3 = registers.cpl() == 3;
                if (in_ring_3) machine.raise();
            });
        Machine& machine = ticks->machine();
        SCOPED_TRACE(machine.symbols().describe(rip));
        ASSERT_EQ(differs_from_catch(machine, run, kInitReturn), "") << harness::failure_report(machine);
        expect_report(machine, run);
        // In the end SYSCALL itself has been executed, and there was no second tick.
        EXPECT_TRUE(was_called_by(machine, run, in_ring_3 ? kTickCheck : kCallCheck));
        if (in_ring_3) {
            EXPECT_EQ(machine.int_log().with_vector(kTimerVector).back().rip, rip);
        }
    }
    std::cout << "a tick at each of " << points - 1
              << " instructions of init before its next call: all caught" << std::endl;
    EXPECT_GE(points - 1, 4);
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
        for (const char* check : {"check_frame", kTickCheck})
            EXPECT_EQ(symbol.name.find(check), std::string::npos) << symbol.name;

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
    for (const char* check : {kCallCheck, "check_frame_at_exit", kTickCheck}) EXPECT_TRUE(with.find(check));
}

}  // namespace
