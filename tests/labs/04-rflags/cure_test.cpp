/// @file
/// The kernel as a whole: chapter 3's programs run on and on, ticks keep out of the kernel of a program, and
/// programs that depend on every switch compute the right thing.
/// Checks docs/invariants/interrupt-flag.md.
#include <fmt/format.h>

#include <map>
#include <set>

#include <tests/grader/graded_test.h>
#include <tests/grader/payload.h>
#include <tests/labs/04-rflags/switches.h>
#include <tests/system/bug_run.h>
#include <tests/system/kernel_view.h>
#include <tests/system/quiet_run.h>
#include <userland/grade/lab4_work.h>

using harness::Duration;
using harness::IntEntry;
using harness::Machine;

namespace {

const char kBoots[] = "Context.IsWhatTheSwitchTakesOffTheStack";
constexpr unsigned kPageFault = 14;
constexpr unsigned kTimer = 32;
/// Long enough: chapter 3's kernel panics after some 20,000 at hz=1000, and after some 4,000 at hz=10000.
constexpr uint64_t kSwitches = 80'000;
constexpr uint64_t kSwitchesAtHighRate = 40'000;

class Cure : public grader::GradedTest {
  protected:
    /// Starts chapter 3's programs and lets them run until there were `switches` switches. Fails as soon as a
    /// fault has come, or when no more switches come. The guest is stopped then.
    void run_long(const std::string& words, int icount_shift, uint64_t switches) {
        harness::MachineOptions run = options(words);
        run.icount_shift = icount_shift;
        start(run);
        const uint64_t done = run_until(machine(), switches, [&] {
            for (const IntEntry& entry : exceptions(machine().int_log()))
                if (entry.vector != kPageFault) {
                    ADD_FAILURE() << words << ", after " << switch_count()
                                  << " switches: " << format_entry(entry);
                    break;
                }
            return switch_count();
        });
        if (HasFailure()) return;
        EXPECT_GE(done, switches) << words << ": no more switches came.";
    }
    uint64_t switch_count() { return kernel_value(machine(), "context_switch_count"); }
};

GRADED(Cure, ThePanicIsGone,
       {.title = "Chapter 3's kernel and programs run on, and nothing panics",
        .section = "4.1",
        .points = 12,
        .needs = {kBoots},
        .hint =
            "The bug of chapter 3 is still there: a task runs in a system call with klogd's IF=1, and a tick "
            "comes between schedule()'s publishing and the switch."}) {
    run_long("hz=1000", 1, kSwitches);
    if (HasFailure()) return;
    hint("The three tasks of this kernel no longer take turns: does switch_context() go on with `next`?");
    SwitchWatch watch(machine());
    std::set<uint64_t> tasks;
    for (int i = 0; i < 6; ++i) {
        watch.next_call();
        tasks.insert(watch.prev());
    }
    EXPECT_GE(tasks.size(), 3u) << "tasks that still get the processor";
    hint("");
    run_long("hz=10000", 3, kSwitchesAtHighRate);
}

GRADED(Cure, NoTickComesInAProgramsKernel,
       {.title =
            "With 10,000 ticks a second none comes while a program is in the kernel, or is half switched to",
        .section = "4.1",
        .points = 8,
        .needs = {kBoots},
        .hint = "A system call runs with IF=0, and a switch away and back must leave it so. Who brings IF=1 "
                "into it: the task before, or a switch that lets ticks in while it is between two tasks?"}) {
    run_long("hz=10000", 1, kSwitchesAtHighRate);
    if (HasFailure()) return;
    const uint64_t stack_mask = ~(kernel_stack_size(machine()) - 1);
    std::map<uint64_t, uint64_t> thread_tables;  // base of a kernel thread's stack -> its CR3
    for (const TaskView& task : read_tasks(machine()))
        if (task.pid <= 0) thread_tables[(task.kstack_top - 1) & stack_mask] = task.cr3;
    size_t ticks = 0;
    bool programs_run = false;  // before that there are other threads, and the boot stack
    for (const IntEntry& entry : machine().int_log().entries()) {
        programs_run = programs_run || entry.cpl == 3;
        if (!programs_run || entry.vector != kTimer) continue;
        ++ticks;
        if (entry.cpl == 3) continue;
        const std::string place = machine().symbols().describe(entry.rip);
        const auto thread = thread_tables.find((entry.rsp - 1) & stack_mask);
        if (thread == thread_tables.end())
            FAIL() << "A tick came before " << place << ", on a program's kernel stack.";
        if (entry.cr3.value_or(0) != thread->second)
            FAIL() << "A tick came before " << place
                   << ", on a kernel thread's stack, in another task's page tables.";
    }
    EXPECT_EQ(kernel_value(machine(), "user_task_kernel_ticks"), 0u);
    EXPECT_GT(ticks, 20u) << "ticks: does anybody let them in?";
}

GRADED(
    Cure, ProgramsComputeTheRightThing,
    {.title = "Six processes that fork, yield, wait and send through pipes get the right result",
     .section = "4.2",
     .points = 7,
     .needs = {kBoots, "Cure.ThePanicIsGone"},
     .hint = "Some process came back from a switch with something that was not its own, or not at all: see "
             "what the tests of the switch itself say."}) {
    grader::Program program("grade/lab4_work");
    program.set("nonce", grader::nonce());
    grader::BootModule module = grader::as_init(program);
    harness::MachineOptions run = options("hz=10000");
    run.initrd = module.write();
    start(paused(run));
    harness::GdbStub& gdb = machine().gdb();
    gdb.run_to(program.address("grade_done"), Duration(2000));
    const harness::Registers registers = gdb.regs();
    ASSERT_EQ(registers.rip, program.address("grade_done"));
    EXPECT_EQ(registers.cpl(), 3u);
    const auto init = find_task(machine(), "init");
    ASSERT_TRUE(init);
    EXPECT_EQ(registers.cr3, init->cr3) << "not init's page tables";
    EXPECT_EQ(gdb.read_u64(program.address("result")), work_result(grader::nonce()));
}

}  // namespace
