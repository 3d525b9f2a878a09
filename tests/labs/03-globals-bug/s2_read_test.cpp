/// @file
/// 3.2: how a reader waits.
#include <tests/labs/03-globals-bug/lab3.h>

#include <fmt/format.h>

namespace {

using lab3::kIf;

constexpr uint32_t kRunnable = 0;
constexpr uint64_t kSigkill = 9;

class Read : public lab3::Lab3Test {
  protected:
    /// Takes a stopped guest to the end of the grader's program.
    void run_to_done(const grader::Program& program) {
        const uint64_t done = program.address("grade_done");
        lab3::run_to_any(machine(), {done});
        ASSERT_EQ(gdb().regs().cpl(), 3u) << "The program's end was not reached in ring 3.";
    }
};

GRADED(Read, GivesItsTurnAway,
       {.title = "A reader without input stays runnable and calls schedule() again and again",
        .section = "3.2",
        .points = 6,
        .hint = "While there is nothing to read, tty_wait_for_input() must call schedule(), as sched_yield() "
                "does."}) {
    // Few ticks: a tick's own call of schedule() has IF=0.
    start_without_bug(options("hz=10"));
    lab3::run_to_any(machine(), {symbol(lab3::kWait)});
    const TaskView reader = task_of_stack(machine(), gdb().regs().rsp).value();
    ASSERT_EQ(reader.pid, lab3::kShellPid) << "The first one to wait for a key is not the shell.";
    const uint64_t schedule = symbol("schedule"), block = symbol("block_current");

    constexpr int kWanted = 4, kMaximumStops = 40;
    int calls = 0;
    for (int stops = 0; calls < kWanted; ++stops) {
        ASSERT_LT(stops, kMaximumStops) << "The shell, in read(), called schedule() " << calls
                                        << " times while the others did " << stops - calls << " times.";
        const uint64_t at = lab3::run_to_any(machine(), {schedule, block});
        const harness::Registers registers = gdb().regs();
        const auto caller = task_of_stack(machine(), registers.rsp);
        if (!caller || caller->pid != lab3::kShellPid) continue;
        hint("The reader sleeps in the terminal's queue. The original kernel's reader never slept.");
        ASSERT_EQ(at, schedule) << "The reader goes to sleep.";
        ASSERT_EQ(caller->state, kRunnable) << "The reader is not runnable.";
        hint(
            "Reading must not turn interrupts on itself: that would be another mistake than the original's, "
            "with the "
            "same panic.");
        const bool interrupts = (registers.rflags & kIf) != 0;
        ASSERT_FALSE(interrupts) << "read() entered with IF=0, and waits with IF=1.";
        hint("");
        ++calls;
    }
}

GRADED(
    Read, DeliversWhatIsTyped,
    {.title = "A reader gets the line that is typed while it waits",
     .section = "3.2",
     .points = 4,
     .needs = {"Klogd.CallsScheduleWithInterruptsOn", "Read.GivesItsTurnAway"},
     .hint =
         "The wait ends as soon as there is input. Is a lock held while others run, which the interrupt of "
         "the keyboard wants?"}) {
    const grader::Program program("grade/lab3_reader");
    start_without_bug(with_init(options(), program));
    lab3::run_to_any(machine(), {symbol(lab3::kWait)});
    // It waits a while before the line comes.
    const std::string text = fmt::format("{:016x}", grader::nonce());
    for (int calls = 0; calls < 10; ++calls) lab3::run_to_any(machine(), {symbol("schedule")});
    machine().send(text + "\r");
    run_to_done(program);
    ASSERT_EQ(gdb().read_u64(program.address("lab3_result")), text.size() + 1)
        << "read() returned another length.";
    const auto bytes = gdb().read(program.address("lab3_text"), text.size());
    EXPECT_EQ(std::string(bytes.begin(), bytes.end()), text);
}

GRADED(
    Read, EndsWithItsTask,
    {.title = "A reader that is killed while it waits comes to its end",
     .section = "3.2",
     .points = 3,
     .needs = {"Read.GivesItsTurnAway"},
     .hint =
         "A task with a fatal signal must leave the kernel to die: the wait ends for it, too, with EINTR."}) {
    grader::Program program("grade/lab3_reader");
    program.set("lab3_role", 2);
    start_without_bug(with_init(options(), program));
    run_to_done(program);
    ASSERT_EQ(gdb().read_u64(program.address("lab3_result")), 1u)
        << "wait4() does not report the end of the child that was killed in read().";
    EXPECT_EQ(gdb().read_u64(program.address("lab3_status")), kSigkill);
}

}  // namespace
