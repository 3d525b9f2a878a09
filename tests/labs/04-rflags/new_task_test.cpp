/// @file
/// The first flags of each kind of task: a kernel thread, a program, the child of a fork. Whatever is set in
/// those who ran before, and in those who made them.
/// Checks docs/invariants/rflags-at-switches.md.
#include <tests/grader/graded_test.h>
#include <tests/labs/04-rflags/switches.h>
#include <tests/system/kernel_view.h>

using harness::Registers;

namespace {

const char kBoots[] = "Context.IsWhatTheSwitchTakesOffTheStack";
/// What a task may have set that is not to be handed on.
constexpr uint64_t kForeign = kAC | kDF | kIOPL | kID;

class NewTask : public grader::GradedTest {
  protected:
    void start_at(const char* function) {
        start(paused(options("hz=10")));
        machine().gdb().run_to(machine().symbols().value(function), harness::Duration(1500));
    }

    /// At the call that brings `task` for the first time: plants `flags` in the one that leaves, and judges
    /// what `task` has at its start.
    void judge_start(SwitchWatch& watch, uint64_t task, const char* start, uint64_t flags) {
        ASSERT_EQ(watch.next(), task) << "the next task is another one";
        const uint64_t top = watch.member(task, "kstack_top");
        watch.plant_flags(flags);
        const Registers now = watch.arrive_at(start);
        EXPECT_TRUE(now.rsp <= top && now.rsp > top - kernel_stack_size(machine()))
            << "its stack ends at " << std::hex << top << ", RSP is " << now.rsp;
        EXPECT_EQ(flag_names(now.rflags), "none") << "modes of a task that runs for the first time";
        hint(
            "A register of a new task holds a word that was meant for another: are the members of Context in "
            "the order in which switch.S pops them?");
        EXPECT_EQ(now.rbp, 0u) << "RBP of a task that runs for the first time";
        EXPECT_EQ(now.r15, 0u) << "R15 of a task that runs for the first time";
        hint("");
    }
};

GRADED(
    NewTask, KernelThreadHasNoModes,
    {.title = "A kernel thread starts with interrupts off and no mode of the task before it",
     .section = "4.4",
     .points = 3,
     .needs = {kBoots},
     .hint =
         "A thread that has never run has no flags to come back to: which does initial_context() give it?"}) {
    start_at("start_kernel_thread");
    SwitchWatch watch(machine());
    watch.next_call();
    judge_start(watch, watch.next(), "kernel_thread_start", kForeign | kIF);
}

GRADED(
    NewTask, ProgramHasNoModes,
    {.title = "The first program starts its way to ring 3 with interrupts off and no mode set",
     .section = "4.4",
     .points = 3,
     .needs = {kBoots},
     .hint =
         "init starts in ring 0, before its IRETQ, with the flags of its first Context: a tick there would "
         "be one in the kernel of a program."}) {
    start_at("start_userspace");
    SwitchWatch watch(machine());
    std::optional<TaskView> init;
    for (int i = 0; i < 20; ++i) {
        watch.next_call();
        init = find_task(machine(), "init");
        if (init && watch.next() == init->address) break;
    }
    ASSERT_TRUE(init) << "there is no task named init";
    judge_start(watch, init->address, "interrupt_exit", kForeign | kIF);
}

GRADED(
    NewTask, ForkedChildHasNoModes,
    {.title = "The child of a fork starts with interrupts off, whatever its parent had set",
     .section = "4.4",
     .points = 6,
     .needs = {kBoots},
     .hint = "Are the child's first flags a constant, or those of the parent that makes it, or of klogd that "
             "runs before it?"}) {
    start_at("prepare_fork_return");
    harness::GdbStub& gdb = machine().gdb();
    const uint64_t child = gdb.regs().rdi;
    // The parent's way out loads the program's flags: these are gone then.
    gdb.write_register("eflags", gdb.regs().rflags | kAC | kIOPL | kID);
    SwitchWatch watch(machine());
    for (int i = 0; i < 40; ++i) {
        watch.next_call();
        if (watch.next() == child) break;
    }
    judge_start(watch, child, "syscall_exit", kForeign);
}

}  // namespace
