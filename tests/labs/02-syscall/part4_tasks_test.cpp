/// @file
/// Chapter 2, part 7, and the whole: several programs at once, and a shell.
/// Checks docs/invariants/frame-ownership.md.
#include <fmt/format.h>

#include <map>
#include <set>

#include <tests/labs/02-syscall/syscall_test_base.h>
#include <tests/system/shell_session.h>
#include <userland/grade/lab2_digest.h>
#include <userland/grade/lab2_switch.h>

namespace {

class Tasks : public SyscallChapter {
  protected:
    /// Registers of both processes of lab2_fork, at report().
    struct Forked {
        std::array<uint64_t, kGradeRegisterCount> parent{}, child{};
    };
    /// Runs lab2_fork. Fails, and returns nothing, when not both processes come to their end.
    std::optional<Forked> fork(uint64_t stack) {
        grader::Program program("grade/lab2_fork");
        program.set("nonce", grader::nonce());
        program.set("stack", stack);
        start_init(program);
        Forked forked;
        std::set<uint64_t> seen;
        while (seen.size() < 2) {
            const auto reached =
                reach({program.address("report")}, seen.empty() ? "the end of fork in parent or child"
                                                                : "the end of fork in the other process");
            if (!reached) {
                ADD_FAILURE() << reached.message();
                return std::nullopt;
            }
            if (!seen.insert(gdb().regs().cr3).second) {
                ADD_FAILURE() << "One process came twice.";
                return std::nullopt;
            }
            std::array<uint64_t, kGradeRegisterCount> back{};
            for (size_t i = 0; i < back.size(); i++)
                back[i] = gdb().read_u64(program.address("back") + 8 * i);
            (running_task().value_or(TaskView{}).pid == 1 ? forked.parent : forked.child) = back;
        }
        return_address_ = program.address("probe_return");
        return forked;
    }
    /// What the registers of lab2_fork's processes should be.
    std::array<uint64_t, kGradeRegisterCount> expected_registers(uint64_t stack, bool child,
                                                                 const Forked& forked) const {
        std::array<uint64_t, kGradeRegisterCount> expected{};
        for (size_t i = 0; i < expected.size(); i++) expected[i] = grade_pattern(grader::nonce(), 0, i);
        if (stack) {
            expected[kRdi] = 17;
            expected[kRsi] = stack;
            if (child) expected[kRsp] = stack;
        }
        expected[kRax] = child ? 0 : forked.parent[kRax];
        expected[kRcx] = return_address_;
        expected[kR11] = 0x202 | kStatusFlags;
        return expected;
    }
    void check_fork(uint64_t stack) {
        const auto forked = fork(stack);
        if (!forked) return;
        std::string cause;
        const std::string parent =
            compare_registers(expected_registers(stack, false, *forked), forked->parent, cause);
        if (!parent.empty()) hint(cause);
        ASSERT_EQ(parent, "") << "the parent";
        ASSERT_GT(forked->parent[kRax], 1u) << "the child's pid";
        const auto expected = expected_registers(stack, true, *forked);
        const std::string child = compare_registers(expected, forked->child, cause);
        // With a stack of the child's own the test's hint is the right one.
        if (forked->child[kRsp] != expected[kRsp] && stack == 0)
            hint(
                fmt::format("The child came back with RSP {:#x}: prepare_fork_return() asks "
                            "user_rsp_of_current() for the parent's, and set_user_rsp() puts it where the "
                            "child finds it when it is switched to.",
                            forked->child[kRsp]));
        else if (!child.empty() && forked->child[kRsp] == expected[kRsp])
            hint(
                "The child starts at syscall_exit with nothing but its frame: every register must be taken "
                "from there, those that C++ preserves included.");
        ASSERT_EQ(child, "") << "the child";
    }

    /// lab2_switch with the nonce.
    static grader::Program switch_program(uint64_t rounds) {
        grader::Program program("grade/lab2_switch");
        program.set("nonce", grader::nonce());
        program.set("rounds", rounds);
        return program;
    }

  private:
    uint64_t return_address_ = 0;
};

GRADED(Tasks, ForkedChildReturnsToo,
       {.title = "A forked child returns from the same system call with its parent's registers and 0 in RAX",
        .section = "2.7",
        .points = 4,
        .needs = {"Exit.RestoresEveryRegister"},
        .hint = "The child's frame is a copy of its parent's; its RSP is what user_rsp_of_current() and "
                "set_user_rsp() hand over."}) {
    check_fork(0);
}

GRADED(Tasks, ClonedChildHasItsOwnStack,
       {.title = "A child that is given a stack returns with that in RSP, its parent with its own",
        .section = "2.7",
        .points = 2,
        .needs = {"Tasks.ForkedChildReturnsToo"},
        .hint = "set_user_rsp() takes the value that it is given, for the task that it is given."}) {
    check_fork(grader::nonce() & ~uint64_t{15});
}

GRADED(
    Tasks, KeepTheirStackPointers,
    {.title =
         "Four programs that wait for each other in system calls get their own registers back, RSP included",
     .section = "2.7",
     .points = 5,
     .needs = {"Tasks.ForkedChildReturnsToo"},
     .hint =
         "switch_entry_state() must save USER_RSP_SCRATCH for `prev` first, and then load that of `next`."}) {
    constexpr uint64_t kRounds = 24;
    const grader::Program program = switch_program(kRounds);
    start_init(program);
    std::set<uint64_t> seen;
    while (seen.size() < kSwitchProcesses) {
        ASSERT_TRUE(reach({program.address("report")},
                          fmt::format("the end of {} more programs", kSwitchProcesses - seen.size())));
        const auto word = [&](const char* symbol) { return gdb().read_u64(program.address(symbol)); };
        const uint64_t who = word("who");
        ASSERT_TRUE(seen.insert(who).second) << "process " << who << " came twice";
        if (const uint64_t call = word("first_bad_call")) {
            const uint64_t index = word("bad_register");
            const char* name = index < kGradeRegisterCount ? kGradeRegisters[index] : "RFLAGS";
            if (index != kRsp)
                hint(
                    "Registers are lost only when programs switch: what the frame of one holds is not in "
                    "another's way.");
            FAIL() << fmt::format("Process {}: after its system call number {} {} is {:#x}, not {:#x}.", who,
                                  call, name, word("bad_value"), word("expected_value"));
        }
        EXPECT_GE(word("calls_made"), 2 * kRounds - 1);
        if (who == 0) {
            EXPECT_EQ(word("token"), switch_token(grader::nonce(), kRounds));
        }
    }
}

GRADED(Tasks, EnterOnTheirOwnStacks,
       {.title = "At every syscall_entry the stack that is published, twice, is the caller's own",
        .section = "2.3",
        .points = 3,
        .needs = {"Tasks.KeepTheirStackPointers"},
        .hint = "The stack must be published at every switch to a program, before it runs."}) {
    constexpr int kCalls = 100;
    start_init(switch_program(1000));
    std::set<uint64_t> stacks;
    std::map<uint64_t, uint64_t> stack_of;  // by CR3
    for (int i = 0; i < kCalls; i++) {
        ASSERT_TRUE(reach_kernel("syscall_entry"));
        const uint64_t cr3 = gdb().regs().cr3;
        if (!stack_of.contains(cr3))
            for (const TaskView& task : read_tasks(machine())) stack_of[task.cr3] = task.kstack_top;
        const uint64_t published = kernel_variable("CURRENT_KERNEL_STACK");
        ASSERT_EQ(published, stack_of[cr3]);
        ASSERT_EQ(read_tss(machine()).rsp0, stack_of[cr3]);
        stacks.insert(published);
    }
    EXPECT_EQ(stacks.size(), kSwitchProcesses) << "or nothing was tested";
}

class Whole : public Tasks {};

GRADED(
    Whole, BadPointersAreRefused,
    {.title = "Addresses that are no business of a program give -EFAULT, and the program goes on",
     .section = "2.8",
     .points = 3,
     .needs = {"Exit.RestoresEveryRegister"},
     .hint = "The calls check pointers themselves: do the arguments reach them whole, and the result RAX?"}) {
    grader::Program program("grade/lab2_calls");
    program.set("nonce", grader::nonce());
    program.set("which", 1);
    start_init(program);
    ASSERT_TRUE(reach({program.address("grade_done")}, "the end of its calls"));
    ASSERT_EQ(gdb().regs().cpl(), 3u);
    for (size_t call = 0; call < kGradeBadPointerCount; call++) {
        const uint64_t row = program.address("backs") + call * 8 * (kGradeRegisterCount + 1);
        EXPECT_EQ(static_cast<int64_t>(gdb().read_u64(row)), kGradeBadPointers[call].result)
            << kGradeBadPointers[call].what;
        EXPECT_EQ(gdb().read_u64(row + 8 * kRsp), grade_pattern(grader::nonce(), call, kRsp))
            << "RSP after " << kGradeBadPointers[call].what;
    }
}

GRADED(Whole, ProcessesWorkTogether,
       {.title = "Two processes with a pipe and a file compute the right digest",
        .section = "2.8",
        .points = 4,
        .needs = {"Tasks.KeepTheirStackPointers"},
        .hint = "Each part works alone, but not thousands of calls in a row: look at what one system call "
                "leaves behind for the next."}) {
    grader::Program program("grade/lab2_digest");
    program.set("nonce", grader::nonce());
    start_init(program);
    ASSERT_TRUE(reach({program.address("grade_done")}, "the end of the computation"));
    ASSERT_EQ(gdb().regs().cpl(), 3u);
    const auto word = [&](const char* symbol) { return gdb().read_u64(program.address(symbol)); };
    const uint64_t expected = digest_of_words(grader::nonce());
    ASSERT_EQ(word("failed_step"), 0u) << "the step that failed";
    EXPECT_EQ(word("result"), expected);
    EXPECT_EQ(word("status"), static_cast<uint64_t>(digest_status(expected)) << 8);
}

GRADED(Whole, NoInterruptOnAProgramsStack,
       {.title = "At 10,000 ticks a second no interrupt is ever taken in ring 0 on a program's stack",
        .section = "2.8",
        .points = 3,
        .needs = {"Tasks.KeepTheirStackPointers"},
        .hint = "Between SYSCALL and the change of stack, and between the load of RSP and SYSRET, interrupts "
                "must be off."}) {
    const grader::Program program = switch_program(600);
    start_init(program, "hz=10000");
    for (uint64_t i = 0; i < kSwitchProcesses; i++)
        ASSERT_TRUE(reach({program.address("report")}, "the end of the programs"));
    const harness::IntLog log = machine().int_log();
    size_t from_programs = 0;
    for (const harness::IntEntry& entry : log.entries()) {
        if (entry.vector >= 32 && entry.cpl == 3) from_programs++;
        ASSERT_FALSE(entry.cpl == 0 && entry.rip >= kKernelStart && entry.rsp < kKernelStart)
            << harness::format_entry(entry);
    }
    EXPECT_GT(from_programs, 20u) << "or nothing was tested";
    EXPECT_EQ(log.triple_faults(), 0u);
}

GRADED(Whole, ShellRunsWhatIsTyped,
       {.title = "What is typed at the shell's prompt runs: a pipe of three programs ends with the right "
                 "words in memory",
        .section = "2.8",
        .points = 4,
        .needs = {"Tasks.KeepTheirStackPointers"},
        .hint = "Small programs run, a shell does not: execve, wait4 and the terminal's read sleep inside "
                "system calls."}) {
    const std::string typed_argument = fmt::format("argument-{:x}", grader::nonce());
    const std::string typed_text = fmt::format("text-{:x}", grader::nonce() * 3);
    const grader::Program typed("grade/lab2_typed");
    grader::BootModule module;
    module.add("init", grader::Program("bin/init").image());
    for (const char* name : {"sh", "echo", "cat"})
        module.add(std::string("bin/") + name, grader::Program(std::string("bin/") + name).image());
    module.add("bin/typed", typed.image());
    harness::MachineOptions machine_options = options();
    machine_options.initrd = module.write();
    start(machine_options);
    machine().wait_for(kPrompt, 0, harness::Duration(2000));
    gdb().insert_breakpoint(typed.address("grade_done"));
    gdb().resume();
    machine().send("echo " + typed_text + " | cat | typed " + typed_argument + kEnter);
    // Another program may have code at this address.
    for (int stops = 0;; stops++) {
        ASSERT_LT(stops, 1000);
        ASSERT_FALSE(gdb().wait_stop(harness::Duration(2000)).exited);
        const auto task = running_task();
        if (task && task->name == "typed" && gdb().regs().cpl() == 3) break;
        gdb().step();
        gdb().resume();
    }
    const auto text_at = [&](const char* symbol, size_t size) {
        const auto bytes = gdb().read(typed.address(symbol), size);
        return std::string(bytes.begin(), bytes.end());
    };
    EXPECT_EQ(gdb().read_u64(typed.address("input_size")), typed_text.size() + 1);
    EXPECT_EQ(text_at("input", typed_text.size() + 1), typed_text + "\n");
    EXPECT_EQ(text_at("argument", typed_argument.size()), typed_argument);
}

}  // namespace
