/// @file
/// 3.4: the questions of the instrument. Judged by the arguments of frame_check_failed(), not by what is
/// printed.
/// Checks docs/invariants/frame-ownership.md.
#include <tests/labs/03-globals-bug/lab3.h>

#include <functional>

#include <tests/harness/report.h>
#include <tests/system/bug_run.h>
#include <tests/system/bug_tick.h>
#include <tests/system/quiet_run.h>
#include <tests/system/shell_session.h>

using harness::Machine;
using harness::Registers;
using lab3::Finding;

namespace {

constexpr char kFailed[] = "frame_check_failed";
constexpr char kEntryCheck[] = "check_frame_at_entry";
constexpr char kExitCheck[] = "check_frame_at_exit";
constexpr char kPanicEnds[] = "finish_panic";
constexpr int kMaximumCalls = 200;

/// Lets the guest run to the first of several functions; its name.
std::string run_to_first(Machine& machine, const std::vector<std::string>& names) {
    std::vector<uint64_t> addresses;
    for (const std::string& name : names) addresses.push_back(machine.symbols().value(name));
    const uint64_t at = lab3::run_to_any(machine, addresses);
    for (size_t i = 0; i < names.size(); ++i)
        if (addresses[i] == at) return names[i];
    return machine.symbols().describe(at);
}

/// Has the debugger return from a function at whose first instruction the guest stands, as if it had done
/// nothing.
void return_at_once(Machine& machine, const Registers& at_entry) {
    harness::GdbStub& gdb = machine.gdb();
    for (const harness::RegisterField& field : harness::register_fields())
        for (const char* name : {"rbx", "rbp", "r12", "r13", "r14", "r15"})
            if (field.name == name) gdb.write_register(name, at_entry.*field.member);
    gdb.write_register("rip", gdb.read_u64(at_entry.rsp));
    gdb.write_register("rsp", at_entry.rsp + 8);
}

/// Where a task that does not run has left its Context.
uint64_t task_rsp(Machine& machine, const TaskView& task) {
    return machine.gdb().read_u64(task.address + machine.symbols().value("OFFSETOF_Task_rsp"));
}

class Instrument : public lab3::Lab3Test {
  protected:
    /// The guest stands at the first instruction of a check. Puts something wrong by `tamper`, lets the check
    /// run, and puts it right again: the guest goes on as if all had been well. True when the check failed.
    bool fails_when(const std::function<void()>& tamper, const std::function<void()>& restore) {
        const Registers at_entry = gdb().regs();
        tamper();
        const uint64_t back = gdb().read_u64(at_entry.rsp);
        const bool failed = lab3::run_to_any(machine(), {symbol(kFailed), back}) != back;
        if (failed) finding_ = lab3::read_finding(machine());
        restore();
        return_at_once(machine(), at_entry);
        return failed;
    }
    /// What the last check that failed had found.
    const Finding& finding() const { return finding_; }

    /// Takes the guest to a check of the shell's next system call.
    void go_to_check(const char* check) {
        for (int calls = 0; calls < kMaximumCalls; ++calls) {
            lab3::run_to_any(machine(), {symbol(check)});
            const auto task = task_of_stack(machine(), gdb().regs().rsp);
            if (task && task->pid == lab3::kShellPid) return;
        }
        throw std::runtime_error("The shell makes no system calls.");
    }

    /// With one tick in the window, and `act` from where init has returned to ring 3 with the shell's stack
    /// published on to frame_check_failed(): judges the arguments there.
    void expect_caught(uint64_t where, const std::function<void(TickMachine&)>& act) {
        TaskView init, shell;
        const auto [ticks, run] = run_with_ticks(lab3::checked_options(), [&](TickMachine& tick) {
            tick.go_to_window();
            // In this kernel init will go on a second time from the Context that it has now. Until then the
            // check of its exit may push over it, how much is the compiler's affair; without a check nothing
            // does.
            const uint64_t context = task_rsp(tick.machine(), tick.init());
            const auto kept = tick.gdb().read(context, tick.init().kstack_top - context);
            tick.raise();
            tick.go_to_stale_return();
            tick.gdb().write(context, kept);
            act(tick);
            finding_ = lab3::read_finding(tick.machine());
            init = tick.init();
            shell = tick.shell();
        });
        expect_init_on_shells_stack(finding_, where, init, shell);
        if (HasFailure()) ADD_FAILURE() << harness::failure_report(ticks->machine());
    }

  private:
    Finding finding_;
};

GRADED(
    Instrument, AcceptsWhatIsRight,
    {.title = "No check fails in a kernel without the bug, at system calls, forks, faults and ticks",
     .section = "3.4",
     .points = 4,
     .needs = {"Stamp.IsGoneOnTheWayOut"},
     .hint = "Each check must return when all is well. A frame begins at its lowest word and ends, one frame "
             "further, at the top of its task's kernel stack; CR3 may hold more than an address."}) {
    start_without_bug(lab3::checked_options("faults=kill"));
    gdb().detach();
    ShellSession shell(machine());
    shell.run("ls /bin | wc");
    shell.run("/ring3/ud2");
    let_run(machine(), harness::Duration(200));
    shell.run("echo still there");
    int ticks_in_programs = 0;
    for (const harness::IntEntry& tick : machine().int_log().with_vector(lab3::kTimerVector))
        ticks_in_programs += tick.cpl == 3;
    EXPECT_GT(ticks_in_programs, 10) << "Hardly a tick came in ring 3.";
}

GRADED(Instrument, AsksEachWitness,
       {.title = "A frame with another's stamp, in another place or in another address space is noticed, a "
                 "right one is not",
        .section = "3.4",
        .points = 4,
        .needs = {"Instrument.AcceptsWhatIsRight"},
        .hint = "Three witnesses must agree: the address space in use, the task that RSP belongs to, and the "
                "frame with "
                "its stamp and its place."}) {
    start_without_bug(lab3::checked_options());
    go_to_check(kEntryCheck);
    const TaskView init = lab3::task_with_pid(machine(), lab3::kInitPid);
    const TaskView shell = lab3::task_with_pid(machine(), lab3::kShellPid);
    const uint64_t frame = shell.kstack_top - lab3::kCheckedFrame;
    const auto stamp_with = [&](uint64_t cr3) { gdb().write_u64(frame + lab3::kOwnerCr3, cr3); };
    const auto forge_stamp = [&] { stamp_with(init.cr3); };
    const auto restore_stamp = [&] { stamp_with(shell.cr3); };
    const auto nothing = [] {};

    EXPECT_FALSE(fails_when(nothing, nothing)) << "The check at the entry fails although all is well.";
    go_to_check(kEntryCheck);
    hint("A frame whose stamp is not that of the running task is not its frame.");
    EXPECT_TRUE(fails_when(forge_stamp, restore_stamp)) << "A frame with init's stamp entered unnoticed.";
    go_to_check(kEntryCheck);
    hint("The frames of a task lie at one place only: they end where its kernel stack ends.");
    const auto move_frame = [&] {
        const uint64_t elsewhere = shell.kstack_top - kernel_stack_size(machine()) / 2;
        gdb().write(elsewhere, gdb().read(frame, lab3::kCheckedFrame));
        gdb().write_register("rdi", elsewhere);
    };
    EXPECT_TRUE(fails_when(move_frame, nothing))
        << "A frame in the middle of the stack was taken for one at its top.";

    go_to_check(kExitCheck);
    hint("");
    EXPECT_FALSE(fails_when(nothing, nothing)) << "The check at the exit fails although all is well.";
    go_to_check(kExitCheck);
    hint("On the way out the frame is looked at again: in between somebody else may have used the stack.");
    EXPECT_TRUE(fails_when(forge_stamp, restore_stamp)) << "A frame with init's stamp left unnoticed.";
    go_to_check(kExitCheck);
    hint(
        "Where a program returns to is also a matter of CR3: what the task says its address space is need "
        "not be in use.");
    const auto change_space = [&] { gdb().write_register("cr3", init.cr3); };
    const auto restore_space = [&] { gdb().write_register("cr3", shell.cr3); };
    EXPECT_TRUE(fails_when(change_space, restore_space))
        << "The shell returns in init's address space unnoticed.";
}

GRADED(Instrument, CatchesTheCall,
       {.title = "init's system call on the shell's stack is caught at its entry, before its frame is used",
        .section = "3.4",
        .points = 5,
        .needs = {"Instrument.AcceptsWhatIsRight", "Panic.NeedsOnlyATickInTheWindow"},
        .hint = "At that moment the stamp and CR3 agree on init; it is current(), which goes by the stack, "
                "that says "
                "otherwise."}) {
    expect_caught(lab3::kEntry, [](TickMachine& tick) {
        if (run_to_first(tick.machine(), {kFailed, "syscall_dispatch"}) != kFailed)
            throw std::runtime_error("init's call on the shell's stack was not noticed: it is carried out.");
    });
}

GRADED(
    Instrument, CatchesTheReturn,
    {.title = "The shell's return with init's frame is caught at its exit, if the entry lets it pass",
     .section = "3.4",
     .points = 4,
     .needs = {"Instrument.CatchesTheCall"},
     .hint = "The frame still says who made it: its stamp is init's, while the shell is about to return."}) {
    expect_caught(lab3::kExit, [](TickMachine& tick) {
        Machine& machine = tick.machine();
        // What the checks of init's calls would find is not looked at.
        for (int stops = 0;; ++stops) {
            const std::string place = run_to_first(machine, {kEntryCheck, kExitCheck, kFailed, kPanicEnds});
            if (place == kFailed) return;
            if (place == kPanicEnds)
                throw std::runtime_error("The kernel panics first." + harness::failure_report(machine));
            if (stops == kMaximumCalls) throw std::runtime_error("The shell does not come to return.");
            const Registers now = machine.gdb().regs();
            if (now.cr3 == tick.init().cr3) return_at_once(machine, now);
        }
    });
}

GRADED(Instrument, CatchesTheTick,
       {.title = "A tick in init while the shell's stack is published is caught as well",
        .section = "3.4",
        .points = 4,
        .needs = {"Instrument.AcceptsWhatIsRight", "Panic.NeedsOnlyATickInTheWindow"},
        .hint = "An interrupt's frame has no stamp. But whose program was interrupted, and on whose stack it "
                "arrived, "
                "can both be asked."}) {
    expect_caught(lab3::kInterrupt, [](TickMachine& tick) {
        tick.raise();
        if (run_to_first(tick.machine(), {kFailed, "timer_tick"}) != kFailed)
            throw std::runtime_error("A tick of init's on the shell's stack was not noticed.");
    });
}

GRADED(Instrument, CatchesEveryBoot,
       {.title = "With the instrument each boot stops at the culprit, and no boot panics",
        .section = "3.4",
        .points = 3,
        .needs = {"Instrument.CatchesTheCall", "Instrument.CatchesTheTick"},
        .hint = "What one tick in the right place shows must hold for any tick."}) {
    constexpr int kBoots = 3;
    for (int i = 0; i < kBoots; ++i) {
        start_at_kernel(lab3::checked_options());
        lab3::run_to_any(machine(), {symbol(kFailed)});
        const Finding finding = lab3::read_finding(machine());
        ASSERT_NE(finding.where, lab3::kExit) << "It was noticed only on the way out.";
        ASSERT_EQ(finding.victim, lab3::task_with_pid(machine(), lab3::kShellPid).address);
        ASSERT_EQ(finding.writer, lab3::task_with_pid(machine(), lab3::kInitPid).address);
    }
}

}  // namespace
