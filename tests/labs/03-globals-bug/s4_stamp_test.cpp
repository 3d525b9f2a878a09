/// @file
/// 3.3: the two checkpoints of a system call, without the questions that are asked there.
#include <tests/labs/03-globals-bug/lab3.h>

#include <bit>
#include <map>

#include <tests/system/code_listing.h>
#include <tests/system/syscall_probe.h>

using harness::Registers;

namespace {

constexpr char kEntryCheck[] = "check_frame_at_entry";
constexpr char kExitCheck[] = "check_frame_at_exit";
constexpr char kInterruptCheck[] = "check_interrupted_program";
constexpr uint8_t kRet = 0xc3;

/// What lab3_calls leaves behind: see there.
uint64_t expected_digest(uint64_t nonce, uint64_t rounds) {
    uint64_t digest = 1;
    const auto fold = [&digest](uint64_t value) { digest = std::rotl(digest, 5) ^ value; };
    const auto fold_all = [&](uint64_t result) {
        fold(result);
        for (const uint64_t number : {2, 3, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15}) fold(nonce + number);
        fold(0);
    };
    for (uint64_t round = 0; round < rounds; ++round) {
        fold_all(0);  // sched_yield
        fold_all(1);  // getpid
    }
    return digest;
}

class Stamp : public lab3::Lab3Test {
  protected:
    /// Starts the kernel with the instrument, whose questions all find that nothing is wrong.
    void start_unquestioned(const harness::MachineOptions& options) {
        start_without_bug(options);
        for (const char* check : {kEntryCheck, kExitCheck, kInterruptCheck})
            gdb().write(symbol(check), std::vector<uint8_t>{kRet});
    }

    /// The address space that the next system call of the shell's is stamped with if init's is in use then.
    uint64_t stamp_in_address_space_of_init() {
        const TaskView init = lab3::task_with_pid(machine(), lab3::kInitPid);
        const TaskView shell = lab3::task_with_pid(machine(), lab3::kShellPid);
        do lab3::run_to_any(machine(), {symbol("syscall_entry")});
        while (gdb().regs().cr3 != shell.cr3);
        gdb().write_register("cr3", init.cr3);
        lab3::run_to_any(machine(), {symbol(kEntryCheck)});
        const uint64_t frame = shell.kstack_top - lab3::kCheckedFrame;
        const uint64_t stamp = gdb().read_u64(frame + lab3::kOwnerCr3);
        return stamp;
    }
};

GRADED(
    Stamp, NamesItsMaker,
    {.title = "A system call's frame says from which address space and on which stack it was made, and is "
              "shown to check_frame_at_entry()",
     .section = "3.3",
     .points = 5,
     .hint =
         "The frame's lowest word is the address space, the one above it the stack: what is pushed last lies "
         "lowest."}) {
    start_unquestioned(lab3::checked_options());
    const uint64_t entry = symbol("syscall_entry"), check = symbol(kEntryCheck),
                   dispatch = symbol("syscall_dispatch");
    constexpr int kCallsOfEach = 3, kMaximumCalls = 100;
    std::map<int, int> seen;
    for (int calls = 0; seen[lab3::kInitPid] < kCallsOfEach || seen[lab3::kShellPid] < kCallsOfEach;
         ++calls) {
        ASSERT_LT(calls, kMaximumCalls) << "The shell makes no system calls.";
        hint("Is the stack on the way out what the pops expect? The programs do not get on.");
        lab3::run_to_any(machine(), {entry});
        const Registers before = gdb().regs();
        hint("The entry macro never gets to check_frame_at_entry().");
        ASSERT_EQ(lab3::run_to_any(machine(), {check, dispatch}), check)
            << "The frame was not shown to the check.";
        const Registers now = gdb().regs();
        const auto task = task_of_stack(machine(), now.rsp);
        ASSERT_TRUE(task) << "The check is not called on a kernel stack.";
        const uint64_t frame = task->kstack_top - lab3::kCheckedFrame;
        hint("The argument is the frame's address in RDI: that of its lowest word.");
        ASSERT_EQ(now.rdi, frame) << "check_frame_at_entry()'s argument is not the frame at the stack's top.";
        hint("");
        EXPECT_EQ(gdb().read_u64(frame + lab3::kOwnerCr3), task->cr3) << "owner_cr3 is wrong.";
        EXPECT_EQ(gdb().read_u64(frame + lab3::kEntryStack), task->kstack_top) << "entry_stack is wrong.";
        EXPECT_EQ(gdb().read_u64(task->kstack_top - lab3::kRcxBelowTop), before.rcx);
        hint("C++ wants RSP to be a multiple of 16 before a call: two words keep it so.");
        EXPECT_EQ(now.rsp % 16, 8u) << "The stack is not aligned for C++.";
        if (HasFailure()) return;
        ++seen[task->pid];
    }
    hint(
        "The stamp is to say whose address space it really is: only the register knows, which no variable "
        "can mislead.");
    EXPECT_EQ(stamp_in_address_space_of_init(), lab3::task_with_pid(machine(), lab3::kInitPid).cr3)
        << "owner_cr3 does not follow the address space in use.";
}

GRADED(
    Stamp, IsGoneOnTheWayOut,
    {.title = "Each frame is shown to check_frame_at_exit(), and the program gets all its registers back",
     .section = "3.3",
     .points = 5,
     .needs = {"Stamp.NamesItsMaker"},
     .hint =
         "The two words must be off the stack before the first register is popped, and not before the check "
         "has seen them."}) {
    constexpr uint64_t kRounds = 500;
    grader::Program program("grade/lab3_calls");
    program.set("lab3_nonce", grader::nonce());
    program.set("lab3_rounds", kRounds);
    start_unquestioned(with_init(lab3::checked_options(), program));
    const TaskView init = [this] {
        lab3::run_to_any(machine(), {symbol("syscall_entry")});
        return lab3::task_with_pid(machine(), lab3::kInitPid);
    }();
    const uint64_t check = symbol(kExitCheck), leave = find_sysret(machine());
    for (int calls = 0; calls < 4; ++calls) {
        hint("The exit macro never gets to check_frame_at_exit().");
        ASSERT_EQ(lab3::run_to_any(machine(), {check, leave}), check) << "A call returned unchecked.";
        const Registers now = gdb().regs();
        hint("");
        ASSERT_EQ(now.rdi, init.kstack_top - lab3::kCheckedFrame)
            << "check_frame_at_exit()'s argument is not the frame at the stack's top.";
        ASSERT_EQ(lab3::run_to_any(machine(), {check, leave}), leave)
            << "The call does not come to its SYSRET.";
    }
    const uint64_t done = program.address("grade_done");
    lab3::run_to_any(machine(), {done});
    ASSERT_EQ(gdb().regs().cpl(), 3u) << "The program did not come to its end.";
    EXPECT_EQ(gdb().read_u64(program.address("lab3_digest")), expected_digest(grader::nonce(), kRounds))
        << "A register was not the same after a system call.";
}

GRADED(Stamp, LeavesNothingBehind,
       {.title = "A kernel without FRAME_CHECKS has no trace of the instrument",
        .section = "3.3",
        .points = 2,
        .needs = {"Stamp.IsGoneOnTheWayOut"},
        .hint = "All of the instrument belongs between #ifdef FRAME_CHECKS and #endif."}) {
    start_at_kernel(options("hz=10"));
    for (const harness::Symbol& symbol : machine().symbols().all())
        for (const char* part : {"check_frame", "frame_check", kInterruptCheck})
            EXPECT_EQ(symbol.name.find(part), std::string::npos) << symbol.name;
    for (const CodeLine& line :
         list_code(machine().options().kernel, symbol("syscall_entry"), find_sysret(machine())))
        EXPECT_EQ(line.operands.find("%cr3"), std::string::npos) << "syscall_entry reads CR3.";
    // The frame is not larger than it was.
    lab3::run_to_any(machine(), {symbol("syscall_dispatch")});
    const auto task = task_of_stack(machine(), gdb().regs().rsp);
    ASSERT_TRUE(task);
    EXPECT_EQ(gdb().regs().rdi, task->kstack_top - lab3::kPlainFrame);
}

}  // namespace
