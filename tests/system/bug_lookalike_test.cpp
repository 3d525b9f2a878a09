/// @file
/// Chapter 3's panic by one tick in the right place, and a switch that prints the same panic for another
/// reason: what tells the two apart.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/bug_tick.h>
#include <tests/system/system_test.h>

using harness::Machine;
using harness::Registers;

namespace {

constexpr int kInitPid = 1;
constexpr int kShellPid = 2;
constexpr uint64_t kIf = 1 << 9;
constexpr uint64_t kFrameSize = 16 * 8;
/// With the instrument a frame has two more words below the others, its maker's address space first.
constexpr uint64_t kCheckedFrameSize = 18 * 8;
constexpr uint64_t kOwnerCr3 = 0;
constexpr uint64_t kRcx = kCheckedFrameSize - 8;
/// The kernel whose switch loads CR3 before RSP.
constexpr char kLookAlike[] = "cr3_before_rsp";

std::vector<uint8_t> frame_of(TickMachine& ticks, const TaskView& task) {
    return ticks.gdb().read(task.kstack_top - kFrameSize, kFrameSize);
}

/// The guest stands where a tick does the damage. Puts it there and follows it to the shell's arrival at
/// init's address; the guest stands there. True when the shell's frame is still the one it was.
bool keeps_frame(TickMachine& ticks) {
    const std::vector<uint8_t> before = frame_of(ticks, ticks.shell());
    ticks.raise();
    ticks.run_to(kInitReturn, [&ticks](const Registers& registers) {
        return registers.cr3 == ticks.shell().cr3 && registers.cpl() == 3;
    });
    return frame_of(ticks, ticks.shell()) == before;
}

/// Brings the guest between the two loads: on the shell's stack, in init's address space, with IF=1.
void go_between_loads(TickMachine& ticks) {
    constexpr uint8_t kLoadCr3[] = {0x0f, 0x22, 0xd8};
    const uint64_t start = ticks.machine().symbols().value("switch_context");
    const auto code = ticks.machine().symbols().bytes_at(start, 64);
    const auto load = std::search(code.begin(), code.end(), std::begin(kLoadCr3), std::end(kLoadCr3));
    ASSERT_NE(load, code.end());
    const uint64_t behind = start + static_cast<uint64_t>(load - code.begin()) + sizeof kLoadCr3;
    ticks.run_to(behind, [&ticks](const Registers& registers) {
        const auto owner = task_of_stack(ticks.machine(), registers.rsp);
        return registers.cr3 == ticks.init().cr3 && (registers.rflags & kIf) != 0 && owner &&
               owner->pid == kShellPid;
    });
}

class BugLookAlike : public testing::Test {
  protected:
    void SetUp() override { REQUIRE_STATE("sol3"); }
};

TEST_F(BugLookAlike, QuickOneTickInTheWindowMakesTheRealOne) {
    bool kept = true;
    const auto [ticks, run] = run_with_ticks(variant_options("sol3", "sol3"), [&kept](TickMachine& machine) {
        machine.go_to_window();
        kept = keeps_frame(machine);
    });
    EXPECT_EQ(differs_from_story(ticks->machine(), run), "") << harness::failure_report(ticks->machine());
    EXPECT_FALSE(kept) << "the shell's frame was not overwritten";
}

// Same exception, same address, same task and CR3. But the shell's frame is as it was, and the shell itself
// is still in its read(): it is init that goes on in the shell's address space.
TEST_F(BugLookAlike, IsNotTakenForTheRealOne) {
    bool kept = false;
    const auto [ticks, run] =
        run_with_ticks(variant_options(kLookAlike, "sol3"), [&kept](TickMachine& machine) {
            go_between_loads(machine);
            kept = keeps_frame(machine);
        });
    EXPECT_TRUE(kept);
    ASSERT_TRUE(run.fault);
    EXPECT_EQ(run.fault->rip, kInitReturn);
    EXPECT_EQ(run.fault->cr3, run.task(kShellPid).cr3);
    EXPECT_TRUE(differs_from_story(ticks->machine(), run).starts_with("a look-alike"))
        << harness::failure_report(ticks->machine());
}

// The instrument stops it elsewhere: not on the way in but on the way out, with a frame that nobody has
// touched.
TEST_F(BugLookAlike, IsCaughtOnTheWayOut) {
    const auto [ticks, run] =
        run_with_ticks(variant_options("checked/cr3_before_rsp", "sol3"), [](TickMachine& machine) {
            go_between_loads(machine);
            machine.raise();
        });
    Machine& machine = ticks->machine();
    const TaskView& init = run.task(kInitPid);
    const TaskView& shell = run.task(kShellPid);
    SCOPED_TRACE(harness::failure_report(machine));
    ASSERT_TRUE(run.stack_owner);
    EXPECT_EQ(run.stack_owner->pid, kInitPid);
    EXPECT_EQ(run.registers.cr3, shell.cr3);
    EXPECT_TRUE(was_called_by(machine, run, "check_frame_at_exit"));
    for (const TaskView& task : {init, shell}) {
        const uint64_t frame = task.kstack_top - kCheckedFrameSize;
        EXPECT_EQ(machine.gdb().read_u64(frame + kOwnerCr3), task.cr3) << task.name;
        EXPECT_EQ(machine.gdb().read_u64(frame + kRcx) == kInitReturn, task.pid == kInitPid) << task.name;
    }
}

}  // namespace
