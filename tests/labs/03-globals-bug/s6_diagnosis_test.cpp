/// @file
/// 3.5: the answers of diagnosis.txt, each compared with what a run of this very kernel shows.
#include <tests/labs/03-globals-bug/diagnosis.h>
#include <tests/labs/03-globals-bug/lab3.h>

#include <algorithm>
#include <set>

#include <tests/system/bug_run.h>
#include <tests/system/code_listing.h>
#include <tests/system/states.h>

using harness::Registers;
using lab3::kIf;

namespace {

constexpr char kPublished[] = "CURRENT_KERNEL_STACK";
/// What schedule() is made of, whether or not the compiler has made functions of it.
const std::set<std::string> kPartsOfSchedule = {"schedule", "switch_to", "switch_entry_state",
                                                "publish_kernel_stack"};

class Diagnosis : public lab3::Lab3Test {
  protected:
    /// The answer to a question.
    std::string answer(const std::string& key) {
        const std::string own_hint =
            "Answer each question behind its \"=\", in a form that diagnosis.txt names.";
        hint(own_hint);
        const std::string text = lab3::Answers(source_root() / "diagnosis.txt")[key];
        hint("");
        return text;
    }

    /// The address that is the answer to a question. The guest must be stopped.
    uint64_t address_answer(const std::string& key) {
        const std::string text = answer(key);
        const auto address = lab3::address_in(text, machine());
        if (!address) {
            hint(
                "Write the address as a number, as symbol or symbol+distance, or from the top of a task's "
                "kernel stack.");
            throw std::runtime_error("diagnosis.txt: " + key + ": \"" + text +
                                     "\" is no address of this kernel.");
        }
        return *address;
    }

    /// The answer to a question is this address. A failure does not say which would be right.
    void expect_address(const std::string& key, uint64_t right) {
        EXPECT_TRUE(address_answer(key) == right) << "It is not " << answer(key) << ".";
    }

    /// Boots a kernel, few ticks a second, and takes it to where the shell waits for its first key.
    void go_to_wait() {
        start_at_kernel(options("hz=100"));
        lab3::run_to_any(machine(), {symbol(lab3::kWait)});
        shell_ = lab3::task_with_pid(machine(), lab3::kShellPid);
    }
    const TaskView& shell() const { return shell_; }
    bool on_shells_stack(uint64_t rsp) {
        return rsp <= shell_.kstack_top && rsp > shell_.kstack_top - kernel_stack_size(machine());
    }

    /// Where a system call's RCX is put: seen by an RCX that nothing else holds. The guest is stopped at the
    /// entry of a system call, and in syscall_dispatch() afterwards.
    uint64_t find_slot() {
        const uint64_t rcx = gdb().regs().rcx, mark = grader::nonce();
        gdb().write_register("rcx", mark);
        lab3::run_to_any(machine(), {symbol("syscall_dispatch")});
        const auto task = task_of_stack(machine(), gdb().regs().rsp);
        if (!task) throw std::runtime_error("A system call does not run on a task's kernel stack.");
        for (uint64_t at = gdb().regs().rdi; at < task->kstack_top; at += 8) {
            if (gdb().read_u64(at) != mark) continue;
            gdb().write_u64(at, rcx);
            return at;
        }
        throw std::runtime_error("A system call's RCX is not in its frame.");
    }

    /// Boots a kernel and stops it where the shell's slot has just been overwritten.
    void go_to_write() {
        start_at_kernel(options("hz=100"));
        do lab3::run_to_any(machine(), {symbol("syscall_entry")});
        while (!is_shell(gdb().regs().cr3));
        slot_ = find_slot();
        lab3::run_to_any(machine(), {symbol(lab3::kWait)});
        shell_ = lab3::task_with_pid(machine(), lab3::kShellPid);
        lab3::run_to_overwriting(machine(), slot_, shell_);
    }
    uint64_t slot() const { return slot_; }

    /// Follows schedule() on the shell's stack from the publication of another task's to the load of RSP:
    /// what opens and closes the window, and all in between.
    struct Window {
        uint64_t opens = 0, closes = 0;
        std::set<uint64_t> inside;  ///< instructions between the two, the latter included
        std::set<std::string> functions = kPartsOfSchedule;  ///< that they belong to
    };
    Window find_window() {
        go_to_wait();
        const uint64_t variable = symbol(kPublished);
        lab3::run_to_any(machine(), {symbol("schedule")});
        Window window;
        constexpr int kMaximumSteps = 2000;
        uint64_t last = 0;
        for (int steps = 0; steps < kMaximumSteps; ++steps) {
            const Registers now = gdb().regs();
            if (!on_shells_stack(now.rsp)) {
                window.closes = last;
                return window;
            }
            if (window.opens == 0 && gdb().read_u64(variable) != shell_.kstack_top) window.opens = last;
            if (window.opens != 0) {
                window.inside.insert(now.rip);
                if (const harness::Symbol* function = machine().symbols().covering(now.rip))
                    window.functions.insert(harness::without_arguments(function->demangled));
            }
            last = now.rip;
            gdb().step();
        }
        throw std::runtime_error("schedule() does not come to another task's stack.");
    }

  private:
    bool is_shell(uint64_t cr3) {
        for (const TaskView& task : read_tasks(machine()))
            if (task.pid == lab3::kShellPid && task.name == "sh" && task.cr3 == cr3) return true;
        return false;
    }

    TaskView shell_;
    uint64_t slot_ = 0;
};

GRADED(Diagnosis, Victim,
       {.title = "victim_task: whose return address was overwritten",
        .section = "3.5",
        .points = 2,
        .needs = {"Panic.IsInitsPushOnTheShellsStack"},
        .hint = "Who goes on at an address that is not its own? The panic's report names it."}) {
    const std::string given = answer("victim_task");
    const BugRun run = run_to_panic(boot());
    ASSERT_TRUE(run.fault);
    const auto victim = std::find_if(run.tasks.begin(), run.tasks.end(),
                                     [&run](const TaskView& task) { return task.cr3 == run.fault->cr3; });
    ASSERT_NE(victim, run.tasks.end());
    EXPECT_TRUE(lab3::names_task(given, *victim)) << "It was not \"" << given << "\".";
}

GRADED(Diagnosis, Culprit,
       {.title = "culprit_task: in whose address space the processor was then",
        .section = "3.5",
        .points = 3,
        .needs = {"Panic.IsInitsPushOnTheShellsStack"},
        .hint = "Who was in the kernel when the word was written? current() goes by the stack, and the stack "
                "is what is "
                "wrong. Another register tells whose address space it is."}) {
    const std::string given = answer("culprit_task");
    go_to_write();
    const uint64_t cr3 = gdb().regs().cr3;
    const std::vector<TaskView> tasks = read_tasks(machine());
    const auto culprit =
        std::find_if(tasks.begin(), tasks.end(), [cr3](const TaskView& task) { return task.cr3 == cr3; });
    ASSERT_NE(culprit, tasks.end());
    EXPECT_TRUE(lab3::names_task(given, *culprit)) << "It was not \"" << given << "\".";
}

GRADED(Diagnosis, Slot,
       {.title = "slot_address: where the overwritten word lies",
        .section = "3.5",
        .points = 2,
        .needs = {"Panic.IsInitsPushOnTheShellsStack"},
        .hint = "The saved RCX of the victim's system call: look at the order of the pushes in "
                "syscall_entry, and at where "
                "the victim's kernel stack begins."}) {
    go_to_write();
    expect_address("slot_address", slot());
}

GRADED(Diagnosis, WritingInstruction,
       {.title = "writing_instruction: what wrote there",
        .section = "3.5",
        .points = 2,
        .needs = {"Panic.IsInitsPushOnTheShellsStack"},
        .hint = "Put a watchpoint on the slot, as make watch does. It stops behind the write: the "
                "instruction is the one "
                "before."}) {
    go_to_write();
    ASSERT_TRUE(lab3::is_behind_pushes(machine(), gdb().regs().rip));
    const uint64_t writer = lab3::push_to(machine(), slot(), kernel_value(machine(), kPublished));
    ASSERT_NE(writer, 0u) << "The slot was not written by a push of syscall_entry.";
    expect_address("writing_instruction", writer);
}

GRADED(Diagnosis, WindowOpens,
       {.title = "window_opens: the instruction that makes a tick harmful",
        .section = "3.5",
        .points = 3,
        .needs = {"Panic.IsInitsPushOnTheShellsStack"},
        .hint = "From which instruction on would a system call go to another stack than that of the task "
                "which still runs? "
                "Read the disassembly of schedule() with this in mind."}) {
    const Window window = find_window();
    if (const auto variable = lab3::stored_variable_in(answer("window_opens"), machine())) {
        EXPECT_TRUE(*variable == symbol(kPublished)) << "It is not the store to this variable.";
    } else {
        expect_address("window_opens", window.opens);
    }
}

GRADED(Diagnosis, WindowCloses,
       {.title = "window_closes: the instruction that makes it harmless again",
        .section = "3.5",
        .points = 3,
        .needs = {"Panic.IsInitsPushOnTheShellsStack"},
        .hint = "Running task and published stack agree again as soon as RSP is on the next task's stack. "
                "One instruction "
                "of switch_context does that."}) {
    expect_address("window_closes", find_window().closes);
}

GRADED(Diagnosis, WindowFunction,
       {.title = "window_function: which function the tick interrupted",
        .section = "3.5",
        .points = 2,
        .needs = {"Panic.IsInitsPushOnTheShellsStack"},
        .hint = "QEMU's log of interrupts has the tick: the last ones with cpl=0 and SP on the victim's "
                "kernel stack, and the "
                "function that holds their IP."}) {
    const Window window = find_window();
    std::string given = answer("window_function");
    if (given.ends_with("()")) given.resize(given.size() - 2);
    const auto address = lab3::address_in(given, machine());
    const bool inside = window.functions.contains(given) || (address && window.inside.contains(*address));
    EXPECT_TRUE(inside) << "No instruction between the two is in \"" << given << "\".";
}

GRADED(Diagnosis, WhyIfWasOn,
       {.title = "why_if_was_on: why a tick could come at all",
        .section = "3.5",
        .points = 3,
        .needs = {"Panic.IsInitsPushOnTheShellsStack"},
        .hint = "When the victim entered read(), IF was 0; in the window it is 1. Follow IF from there on: "
                "which code between "
                "the two changes it, and whose IF is it?"}) {
    go_to_wait();
    const uint64_t enter = symbol("switch_context");
    // The shell leaves with IF=0, ...
    lab3::run_to_any(machine(), {enter});
    const Registers leaves = gdb().regs();
    ASSERT_TRUE(on_shells_stack(leaves.rsp)) << "The shell does not give its turn away.";
    ASSERT_EQ(leaves.rflags & kIf, 0u) << "The shell itself has turned interrupts on.";
    // ... whoever runs last before it comes back leaves with IF=1, and that is what it comes back with.
    const uint64_t back = gdb().read_u64(leaves.rsp);
    Registers last_to_leave, now;
    constexpr int kMaximumStops = 60;
    for (int stops = 0; !(now.rip == back && on_shells_stack(now.rsp)); ++stops) {
        ASSERT_LT(stops, kMaximumStops) << "The shell does not come back.";
        lab3::run_to_any(machine(), {enter, back});
        now = gdb().regs();
        if (now.rip == enter) last_to_leave = now;
    }
    ASSERT_NE(last_to_leave.rflags & kIf, 0u) << "Who ran before the shell had IF=0.";
    ASSERT_NE(now.rflags & kIf, 0u) << "The shell came back with IF=0.";
    constexpr char kHandedOn = 'D';
    const std::string given = answer("why_if_was_on");
    ASSERT_EQ(given.size(), 1u) << "The answer is one letter.";
    EXPECT_EQ(std::toupper(given[0]), kHandedOn) << "It is not " << given << ".";
}

}  // namespace
