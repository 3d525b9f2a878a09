/// @file
/// Chapter 4: no task ever sees another one's RFLAGS. Judged from outside, at the instructions that matter.
/// Checks docs/invariants/interrupt-flag.md, docs/invariants/rflags-at-switches.md.
#include <gtest/gtest.h>
#include <climits>

#include <algorithm>
#include <iostream>
#include <map>
#include <utility>

#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/quiet_run.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

using harness::Duration;
using harness::GdbStub;
using harness::Machine;
using harness::Registers;

namespace {

constexpr uint64_t kTF = 1 << 8;
constexpr uint64_t kIF = 1 << 9;
constexpr uint64_t kDF = 1 << 10;
constexpr uint64_t kIOPL = 3 << 12;
constexpr uint64_t kNT = 1 << 14;
constexpr uint64_t kRF = 1 << 16;
constexpr uint64_t kAC = 1 << 18;
/// Where the shell waits for its first key: in chapter 3 no panic can have come yet.
constexpr char kFirstRead[] = "tty_wait_for_input";
/// What a task must find again after it was switched away from.
constexpr uint64_t kOwnFlags = kTF | kIF | kDF | kIOPL | kNT | kAC;

/// The address after the last instruction of `code`, searched from the symbol `function` on.
uint64_t find_code(Machine& machine, const char* function, std::initializer_list<uint8_t> code,
                   uint64_t from = 0) {
    const uint64_t start = machine.symbols().value(function);
    const auto bytes = machine.symbols().bytes_at(start, 512);
    const auto found =
        std::search(bytes.begin() + static_cast<long>(from), bytes.end(), code.begin(), code.end());
    if (found == bytes.end())
        throw std::runtime_error(std::string("an instruction is missing in ") + function);
    return start + static_cast<uint64_t>(found - bytes.begin()) + code.size();
}

/// The address of switch_context()'s RET.
uint64_t end_of_switch(Machine& machine) {
    const uint64_t load_cr3 = find_code(machine, "switch_context", {0x0f, 0x22, 0xd8});
    return find_code(machine, "switch_context", {0xc3},
                     load_cr3 - machine.symbols().value("switch_context")) -
           1;
}

/// The debugger of a machine that is stopped by it.
GdbStub& stopped(Machine& machine) {
    GdbStub& gdb = machine.gdb();
    if (gdb.running()) gdb.interrupt();
    return gdb;
}

/// What 2 * `switches` stops in the context switch have shown.
struct SwitchCounts {
    int compared = 0;    ///< a task came back whose flags were known
    int violations = 0;  ///< ... and they were others
    int turned_on = 0;   ///< a task with IF=1 followed one with IF=0
    int with_ac = 0;     ///< a task left with AC set
};

/// Compares the flags with which each task leaves switch_context() with those with which it entered it the
/// last time. Moves breakpoints off the way instead of stepping over them. The guest must be stopped; it is
/// afterwards. Ends early once `enough` violations are found.
SwitchCounts watch_switches(Machine& machine, int switches, int enough = INT_MAX) {
    GdbStub& gdb = machine.gdb();
    const uint64_t entry = machine.symbols().value("switch_context");
    const uint64_t exit = end_of_switch(machine);
    const uint64_t stack_mask = ~(kernel_stack_size(machine) - 1);
    std::map<uint64_t, uint64_t> known;
    SwitchCounts counts;
    for (int i = 0; i < switches && counts.violations < enough; ++i) {
        gdb.run_to(entry);
        const Registers leaving = gdb.regs();
        known[leaving.rsp & stack_mask] = leaving.rflags;
        counts.with_ac += (leaving.rflags & kAC) != 0;
        gdb.run_to(exit);
        const Registers coming = gdb.regs();
        const auto own = known.find(coming.rsp & stack_mask);
        if (own == known.end()) continue;
        ++counts.compared;
        counts.violations += ((coming.rflags ^ own->second) & kOwnFlags) != 0;
        counts.turned_on += (coming.rflags & kIF) != 0 && (leaving.rflags & kIF) == 0;
    }
    return counts;
}

class BugFlags : public SystemTest {
  protected:
    /// Starts a machine and stops it where `function` is called first.
    void start_at(const std::string& state, const char* function, const char* words = "hz=100") {
        harness::MachineOptions options = bug_options(state, words);
        options.start_paused = true;
        start(options);
        machine().gdb().run_to(machine().symbols().value(function));
    }
};

TEST_F(BugFlags, QuickEachTaskGetsItsOwnBack) {
    REQUIRE_STATE("sol4");
    start_at("sol4", kFirstRead);
    const SwitchCounts counts = watch_switches(machine(), 200);
    std::cout << "sol4: " << counts.compared << " returns to a task, " << counts.violations
              << " with other flags; IF on " << counts.turned_on << " times after a task without"
              << std::endl;
    EXPECT_GE(counts.compared, 190);
    EXPECT_EQ(counts.violations, 0);
    EXPECT_GT(counts.turned_on, 10);
}

TEST_F(BugFlags, TheSameLookFindsTheLeakInChapter3) {
    REQUIRE_STATE("sol3");
    // One leak is enough, and few ticks: the panic that follows must not come before it has been seen.
    start_at("sol3", kFirstRead, "hz=10");
    const SwitchCounts counts = watch_switches(machine(), 15, 1);
    std::cout << "sol3: " << counts.compared << " returns to a task, " << counts.violations
              << " with other flags" << std::endl;
    EXPECT_GT(counts.violations, 0);
}

// Eight processes with different flags, which the timer preempts: the kernel leaves them with what they have
// set.
TEST_F(BugFlags, PatternsOfProgramsStayTheirs) {
    REQUIRE_STATE("sol4");
    boot("sol4");
    ShellSession shell(machine());
    shell.start("/tests/flags spin");
    let_run(machine(), Duration(300));
    stopped(machine());
    const SwitchCounts counts = watch_switches(machine(), 400);
    std::cout << "sol4, flags spin: " << counts.compared << " returns to a task, " << counts.violations
              << " with other flags; " << counts.with_ac << " left with AC set" << std::endl;
    EXPECT_EQ(counts.violations, 0);
    // Interrupts of programs that have set AC close SMAP again before the kernel does anything.
    EXPECT_EQ(counts.with_ac, 0);
    machine().gdb().resume();
    machine().send(kControlC);
    shell.finish();
    EXPECT_EQ(shell.status(), "130\n");
}

TEST_F(BugFlags, QuickProgramsKeepTheirFlags) {
    REQUIRE_STATE("sol4");
    boot("sol4", "faults=kill");
    ShellSession shell(machine());
    // Eight processes, 100,000 yields, and the loops that the timer interrupts; one more is ended by its own
    // TF.
    const std::string output = shell.run("/tests/flags trap", Duration(60'000));
    EXPECT_TRUE(output.ends_with("flags: ok\n")) << output;
    unsigned traps = 0;
    for (const harness::IntEntry& entry : exceptions(machine().int_log())) {
        if (entry.vector != 1) continue;
        ++traps;
        EXPECT_EQ(entry.cpl, 3u) << harness::format_entry(entry);
    }
    EXPECT_EQ(traps, 1u);
}

// What FMASK holds can't be seen by its effect alone: the emulator clears DF whatever it says.
TEST_F(BugFlags, QuickFmaskNamesEveryDangerousFlag) {
    REQUIRE_STATE("sol4");
    constexpr uint32_t kIA32_FMASK = 0xc0000084;
    harness::MachineOptions options = bug_options("sol4");
    options.start_paused = true;
    start(options);
    GdbStub& gdb = machine().gdb();
    gdb.run_to(machine().symbols().value("init_syscall"));
    const uint64_t start = machine().symbols().value("init_syscall");
    constexpr uint64_t kWrmsrSize = 2;
    uint64_t after = start;
    do {
        after = find_code(machine(), "init_syscall", {0x0f, 0x30}, after - start);
        gdb.run_to(after - kWrmsrSize);
    } while (gdb.regs().rcx != kIA32_FMASK);
    constexpr uint64_t kWanted = kTF | kIF | kDF | kIOPL | kNT | kRF | kAC;
    EXPECT_EQ(gdb.regs().rax & kWanted, kWanted);
}

TEST_F(BugFlags, EntryClearsWhatProgramsSet) {
    REQUIRE_STATE("sol4");
    boot("sol4");
    ShellSession shell(machine());
    shell.start("/tests/flags");
    let_run(machine(), Duration(100));
    GdbStub& gdb = stopped(machine());
    uint64_t seen = 0;
    int entries = 0;
    for (; entries < 500 && (seen & (kDF | kNT | kAC)) != (kDF | kNT | kAC); ++entries) {
        gdb.run_to(machine().symbols().value("syscall_entry"));
        const Registers registers = gdb.regs();
        EXPECT_EQ(registers.rflags & (kOwnFlags | kRF), 0u);
        seen |= registers.r11;
        gdb.step();  // off the breakpoint's place
    }
    EXPECT_EQ(seen & (kDF | kNT | kAC), kDF | kNT | kAC);
    std::cout << "sol4: " << entries << " entries looked at until DF, NT and AC had been set by programs"
              << std::endl;
    gdb.resume();
    EXPECT_EQ(shell.finish(Duration(60'000)), "flags: ok\n");
}

/// The machine stands at the first copy from a program, init. The copy gives the processor away, as one that
/// waits for a page would; klogd is all that can come, and then the copy goes on. Returns AC as the next task
/// and as the copy itself find it.
std::pair<uint64_t, uint64_t> switch_inside_user_copy(Machine& machine) {
    GdbStub& gdb = machine.gdb();
    const harness::ElfSymbols& symbols = machine.symbols();
    const uint64_t copy = symbols.value("user_copy");
    const Registers before = gdb.regs();
    EXPECT_NE(before.rflags & kAC, 0u) << "the copy does not open SMAP";
    // As if the next instruction were a call of schedule().
    gdb.write_register("rsp", before.rsp - 8);
    gdb.write_u64(before.rsp - 8, copy);
    gdb.write_register("rip", symbols.value("schedule"));
    gdb.run_to(end_of_switch(machine));
    const uint64_t next = gdb.regs().rflags & kAC;
    gdb.run_to(copy);
    EXPECT_EQ(gdb.regs().rsp, before.rsp);
    const uint64_t back = gdb.regs().rflags & kAC;
    for (const harness::RegisterField& field : harness::register_fields())
        for (const char* name : {"rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"})
            if (field.name == name) gdb.write_register(name, before.*field.member);
    return {next, back};
}

TEST_F(BugFlags, QuickAcOfAUserCopyStaysWithIt) {
    REQUIRE_STATE("sol4");
    start_at("sol4", "user_copy");
    const auto [next, back] = switch_inside_user_copy(machine());
    EXPECT_EQ(next, 0u) << "the next task runs with SMAP off";
    EXPECT_NE(back, 0u) << "the copy goes on with SMAP on";
}

TEST_F(BugFlags, TheSameCopyLeaksAcInChapter3) {
    REQUIRE_STATE("sol3");
    start_at("sol3", "user_copy");
    EXPECT_NE(switch_inside_user_copy(machine()).first, 0u);
}

// System calls run, and yield, with IF=0; a program that makes none must still be interrupted.
TEST_F(BugFlags, TicksArriveAfterTasksThatRanWithoutThem) {
    REQUIRE_STATE("sol4");
    constexpr unsigned kTimerVector = 32;
    boot("sol4");
    ShellSession shell(machine());
    shell.start("/tests/spin");
    const size_t before = machine().int_log().with_vector(kTimerVector).size();
    let_run(machine(), Duration(500));
    const auto ticks = machine().int_log().with_vector(kTimerVector);
    size_t in_programs = 0;
    for (size_t i = before; i < ticks.size(); ++i) in_programs += ticks[i].cpl == 3;
    EXPECT_GT(in_programs, 50u);
    machine().send(kControlC);
    shell.finish();
}

}  // namespace
