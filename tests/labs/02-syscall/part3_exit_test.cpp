/// @file
/// Chapter 2, part 6: the way back to ring 3.
/// Checks docs/invariants/interrupt-flag.md.
#include <fmt/format.h>

#include <tests/labs/02-syscall/syscall_test_base.h>

namespace {

class Exit : public SyscallChapter {};

constexpr uint64_t kJunk = 0x6a75'6e6b'6a75'6e6b;
constexpr uint64_t kGetpid = 39, kKill = 62, kSigkill = 9;

GRADED(Exit, ReturnsToTheProgram,
       {.title = "After a system call the program goes on behind its SYSCALL, in ring 3, on its own stack, "
                 "with the result",
        .section = "2.6",
        .points = 5,
        .needs = {"Entry.BuildsTheFrame", "Entry.KeepsTheProgramsStackPointer", "Dispatch.CallsByNumber",
                  "Dispatch.ResultIsInRax"},
        .hint = "SYSRET takes RIP from RCX and RFLAGS from R11, and leaves RSP to you."}) {
    const uint64_t flags = 0x202 | kStatusFlags | kNt | kAc | kDf | kId;
    const CallProgram program(kGetpid, flags);
    // With few ticks: one in between would be a detour.
    start_init(program, "hz=10");
    ASSERT_TRUE(reach_kernel("syscall_exit"));
    // All that a forked child has here is its frame, so nothing may be taken from where C++ happens to have
    // left it.
    for (const char* name : {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12",
                             "r13", "r14", "r15"})
        gdb().write_register(name, kJunk);
    ASSERT_TRUE(reach({program.address("call_return")}, "the instruction behind SYSCALL"));
    const harness::Registers at = gdb().regs();
    if (at.cs == 0x23)
        hint("CS is 0x23, the 32-bit segment: SYSRET without a 64-bit operand size returns to 32-bit code.");
    ASSERT_EQ(at.cs, 0x33u);
    EXPECT_EQ(at.ss, 0x2bu);
    hint("RSP is not what the program had: it comes from USER_RSP_SCRATCH, last of all.");
    ASSERT_EQ(at.rsp, program.in(kRsp));
    hint(
        "RAX is not the result of getpid, which is 1 here: SyscallFrame::rax holds it, above `number` is "
        "another word.");
    ASSERT_EQ(at.rax, 1u);
    hint("RFLAGS is not what it was at the call: SYSRET takes it from R11.");
    ASSERT_EQ(at.rflags & ~uint64_t{1 << 16}, flags) << fmt::format("RFLAGS is {:#x}", at.rflags);
}

GRADED(Exit, RestoresEveryRegister,
       {.title = "17 different system calls change nothing but RAX, RCX and R11",
        .section = "2.6",
        .points = 5,
        .needs = {"Exit.ReturnsToTheProgram", "Dispatch.NumberIsEax"},
        .hint = "The frame is popped in the opposite order of the pushes, every field of it."}) {
    grader::Program program("grade/lab2_calls");
    program.set("nonce", grader::nonce());
    program.set("which", 0);
    start_init(program);
    ASSERT_TRUE(reach({program.address("grade_done")}, "the end of its calls"));
    ASSERT_EQ(gdb().regs().cpl(), 3u);
    const uint64_t row_size = 8 * (kGradeRegisterCount + 1);
    for (size_t call = 0; call < kGradeCallCount; call++) {
        const GradeCall& what = kGradeCalls[call];
        std::array<uint64_t, kGradeRegisterCount> expected{}, found{};
        const uint64_t row = program.address("backs") + call * row_size;
        for (size_t i = 0; i < kGradeRegisterCount; i++) {
            expected[i] = grade_pattern(grader::nonce(), call, i);
            found[i] = gdb().read_u64(row + 8 * i);
        }
        for (size_t i = 0; i < what.argument_count; i++) {
            // An address in the program, which can't be known here: it must look like one.
            const uint64_t there = found[kGradeArguments[i]];
            const bool plausible = what.arguments[i] == kBuffer && there < 0x100'0000;
            expected[kGradeArguments[i]] = plausible ? there : what.arguments[i];
        }
        expected[kRax] = static_cast<uint64_t>(what.result);
        expected[kRcx] = program.address("probe_return");
        expected[kR11] = grade_flags(call);
        std::string cause;
        const std::string differences = compare_registers(expected, found, cause);
        if (found[kRax] != expected[kRax]) cause = "The result of a call is wrong: number, arguments or RAX.";
        hint(cause);
        ASSERT_EQ(differences, "") << what.what;
        hint("RFLAGS is not what it was at the call: SYSRET takes it from R11.");
        ASSERT_EQ(gdb().read_u64(row + 8 * kGradeRegisterCount), grade_flags(call))
            << "RFLAGS after " << what.what;
    }
}

GRADED(Exit, KeepsInterruptsOut,
       {.title = "Interrupts are off before RSP becomes the program's, even if a system call turned them on",
        .section = "2.6",
        .points = 5,
        .needs = {"Exit.ReturnsToTheProgram"},
        .hint = "An interrupt between the load of RSP and SYSRET would push to the program's stack in ring "
                "0: cli must come before."}) {
    constexpr int kMaximumSteps = 200;
    const CallProgram program(kGetpid, 0x202);
    start_init(program);
    ASSERT_TRUE(reach_kernel("syscall_exit"));
    const auto task = running_task();
    ASSERT_TRUE(task);
    gdb().write_register("eflags", gdb().regs().rflags | kIf);
    int steps = 0;
    for (;; steps++) {
        ASSERT_LT(steps, kMaximumSteps) << "the way out does not end";
        ASSERT_FALSE(gdb().step().exited);
        const harness::Registers at = gdb().regs();
        if (at.cpl() == 3) break;
        const bool on_kernel_stack =
            at.rsp <= task->kstack_top && at.rsp > task->kstack_top - kernel_stack_size(machine());
        if (!on_kernel_stack) {
            ASSERT_EQ(at.rflags & kIf, 0u)
                << fmt::format("RSP is {:#x} at {}, in ring 0, and interrupts are on", at.rsp,
                               machine().symbols().describe(at.rip));
        }
    }
    ASSERT_GT(steps, 2);
}

GRADED(Exit, LooksForWork,
       {.title = "A program that kills itself does not come back from that call",
        .section = "2.6",
        .points = 4,
        .needs = {"Exit.ReturnsToTheProgram"},
        .hint = "Task::work is not zero when a signal waits: return_to_user_work() must be called then, "
                "before the way out goes on."}) {
    CallProgram program(kKill, 0x202);
    program.set_in(kRdi, 1);
    program.set_in(kRsi, kSigkill);
    // With as few ticks as possible: the timer's interrupt looks for work, too.
    start_init(program, "hz=10");
    const uint64_t back = program.address("call_return"), exit = kernel("exit_current");
    // Threads of the kernel end before that.
    ASSERT_TRUE(reach({program.address("call_instruction")}, "the program's SYSCALL"));
    ASSERT_TRUE(reach({back, exit}, "the end of a program that killed itself"));
    const harness::Registers at = gdb().regs();
    ASSERT_NE(at.rip, back) << "the program goes on";
    EXPECT_EQ(at.rdi & 0xffff'ffff, kSigkill);
}

}  // namespace
