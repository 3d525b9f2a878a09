/// @file
/// 3.1 and 3.2 together: the panic, and that it is the original's, by its mechanism and not only by its
/// report.
#include <tests/labs/03-globals-bug/lab3.h>

#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/bug_tick.h>
#include <tests/system/quiet_run.h>
#include <tests/system/shell_session.h>

using harness::Machine;
using harness::Registers;

namespace {

class Panic : public lab3::Lab3Test {};

std::vector<uint8_t> frame_of(TickMachine& ticks, const TaskView& task) {
    return ticks.gdb().read(task.kstack_top - lab3::kPlainFrame, lab3::kPlainFrame);
}

GRADED(Panic, NeedsInterruptsInSchedule,
       {.title = "With interrupts off in schedule(), by the debugger's hand, the panic does not come",
        .section = "3.2",
        .points = 3,
        .needs = {"Klogd.CallsScheduleWithInterruptsOn", "Read.GivesItsTurnAway"},
        .hint = "Something other than a tick in schedule() breaks this kernel: klogd and read() must do no "
                "more than "
                "the handout says."}) {
    start_without_bug(options());
    gdb().resume();
    machine().wait_for(kPrompt);
    constexpr uint64_t kSwitches = 20'000;
    EXPECT_GE(
        run_until(machine(), kSwitches, [this] { return kernel_value(machine(), "context_switch_count"); }),
        kSwitches)
        << "The kernel does not go on.";
    EXPECT_EQ(kernel_value(machine(), "user_task_kernel_ticks"), 0u);
    for (const harness::IntEntry& entry : exceptions(machine().int_log()))
        EXPECT_EQ(entry.vector, 14u) << harness::format_entry(entry);
}

GRADED(
    Panic, NeedsOnlyATickInTheWindow,
    {.title = "One tick between the publication of a stack and the switch overwrites the shell's frame",
     .section = "3.2",
     .points = 5,
     .needs = {"Panic.NeedsInterruptsInSchedule"},
     .hint =
         "klogd's IF must leak into a shell that waits in read() by calling schedule(): do both, and nothing "
         "else."}) {
    std::vector<uint8_t> before, after;
    const auto [ticks, run] = run_with_ticks(options(), [&](TickMachine& tick) {
        tick.go_to_window();
        before = frame_of(tick, tick.shell());
        tick.raise();
        tick.run_to(kInitReturn, [&tick](const Registers& registers) {
            return registers.cr3 == tick.shell().cr3 && registers.cpl() == 3;
        });
        after = frame_of(tick, tick.shell());
    });
    EXPECT_NE(before, after) << "The shell's frame was not overwritten.";
    EXPECT_EQ(differs_from_story(ticks->machine(), run), "") << harness::failure_report(ticks->machine());
}

GRADED(
    Panic, IsInitsPushOnTheShellsStack,
    {.title = "The shell's return address is overwritten by init's system call on the shell's stack",
     .section = "3.2",
     .points = 5,
     .needs = {"Panic.NeedsOnlyATickInTheWindow"},
     .hint =
         "Nothing but the original's mechanism may write there: no line of the kernel brings the panic about "
         "on purpose."}) {
    // Few ticks: one that comes between the culprit's interrupt and its push would write to the slot as well.
    start_at_kernel(options("hz=100"));
    lab3::run_to_any(machine(), {symbol(lab3::kWait)});
    const TaskView init = lab3::task_with_pid(machine(), lab3::kInitPid);
    const TaskView shell = lab3::task_with_pid(machine(), lab3::kShellPid);
    ASSERT_EQ(gdb().regs().cr3, shell.cr3) << "The first one to wait for a key is not the shell.";
    const uint64_t slot = shell.kstack_top - lab3::kRcxBelowTop;
    lab3::run_to_overwriting(machine(), slot, shell);
    const Registers registers = gdb().regs();
    ASSERT_EQ(registers.cr3, init.cr3) << "The write did not come from init's address space.";
    EXPECT_EQ(gdb().read_u64(slot), kInitReturn);
    EXPECT_EQ(registers.rcx, kInitReturn);
    EXPECT_EQ(kernel_value(machine(), "CURRENT_KERNEL_STACK"), shell.kstack_top);
    EXPECT_NE(lab3::push_to(machine(), slot, shell.kstack_top), 0u);
    EXPECT_TRUE(lab3::is_behind_pushes(machine(), registers.rip))
        << "It was written at " << machine().symbols().describe(registers.rip) << ".";
    gdb().resume();
    const BugRun run = run_to_panic(machine());
    EXPECT_EQ(differs_from_story(machine(), run), "");
}

GRADED(
    Panic, ComesInEveryBoot,
    {.title = "Every boot ends in #UD at 0x100b9, in the shell, soon after its prompt, and no two are alike",
     .section = "3.2",
     .points = 5,
     .needs = {"Panic.IsInitsPushOnTheShellsStack"},
     .hint = "The panic comes when ticks come often enough while klogd's IF=1 is handed on: does klogd run "
             "all the "
             "time, and does nobody turn interrupts off on the way to read()'s schedule()?"}) {
    constexpr int kBoots = 4;
    BugStatistics statistics;
    for (int i = 0; i < kBoots; ++i) {
        const BugRun run = run_to_panic(boot());
        ASSERT_EQ(differs_from_story(machine(), run), "") << "in boot " << i + 1;
        statistics.add(run);
    }
    EXPECT_GT(statistics.different_counts(), 1u) << "All boots did the same number of switches.";
}

}  // namespace
