/// @file
/// SYSCALL and SYSRET watched from outside: what the processor holds at the first and the last instruction of
/// a system call.
/// Checks docs/invariants/canonical-sysret.md.
#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include <tests/harness/page_tables.h>
#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/syscall_probe.h>
#include <tests/system/system_test.h>

namespace {

using harness::Machine;
using harness::Registers;

constexpr uint64_t kTf = 1 << 8;
constexpr uint64_t kIf = 1 << 9;
constexpr uint64_t kDf = 1 << 10;
constexpr uint64_t kIopl = 3 << 12;
constexpr uint64_t kNt = 1 << 14;
constexpr uint64_t kRf = 1 << 16;
constexpr uint64_t kAc = 1 << 18;
/// What a system call must not bring along from ring 3.
constexpr uint64_t kUnwanted = kTf | kIf | kDf | kIopl | kNt | kRf | kAc;

class SyscallTest : public SystemTest {
  protected:
    void SetUp() override { REQUIRE_STATE("sol2"); }

    /// What the processor promises at syscall_entry, whoever calls.
    void check_entry(const Registers& at) {
        EXPECT_EQ(at.rflags & kUnwanted, 0u) << std::hex << at.rflags;
        EXPECT_EQ(at.cs, 0x10u);
        EXPECT_EQ(at.ss, 0x18u);
        EXPECT_EQ(at.efer & 1, 1u) << "EFER.SCE";
        // RCX is the address behind a SYSCALL instruction of the caller.
        EXPECT_EQ(machine().gdb().read_u16(at.rcx - 2), 0x050f) << std::hex << at.rcx;
        EXPECT_TRUE(at.r11 & kIf) << "ring 3 runs with interrupts on";
        // The kernel stack that the entry is about to take is the caller's own.
        const uint64_t stack = machine().gdb().read_u64(machine().symbols().value("CURRENT_KERNEL_STACK"));
        EXPECT_EQ(stack, read_tss(machine()).rsp0);
        const auto task = task_of_stack(machine(), stack);
        ASSERT_TRUE(task);
        EXPECT_EQ(task->cr3, at.cr3) << "the stack of " << task->name;
    }

    /// At SYSRET all registers are as they were at the entry, but for the result and, per definition of the
    /// instruction, RCX and R11, which SYSCALL had set.
    void check_return(const Registers& in, Registers out) {
        EXPECT_EQ(out.rflags & kIf, 0u) << "an interrupt here would push to the program's stack";
        out.rip = in.rip;
        out.rax = in.rax;
        out.rflags = in.rflags;
        out.cr2 = in.cr2;
        out.ss = in.ss;  // null after an interrupt from ring 3; SYSRET loads it anew
        EXPECT_EQ(harness::format_difference(in, out), "");
    }

    /// False for the calls that end the program or the process: execve, exit, exit_group.
    static bool may_return(uint64_t number) { return number != 59 && number != 60 && number != 231; }

    /// Runs `command` and checks every system call of every task between its start and its end. Returns how
    /// many were followed from entry to return.
    size_t follow(ShellSession& shell, const std::string& command) {
        harness::GdbStub& gdb = machine().gdb();
        const uint64_t entry = machine().symbols().value("syscall_entry");
        const uint64_t sysret = find_sysret(machine());
        gdb.insert_breakpoint(entry);
        gdb.insert_breakpoint(sysret);
        gdb.resume();
        const size_t output = machine().serial_position();
        machine().send(command);
        machine().send(kEnter);
        std::map<uint64_t, Registers> entered;  // by CR3
        size_t count = 0;
        harness::ProgressTimer timer(machine().pid(), harness::Duration(10'000));
        while (machine().serial().find(kPrompt, output) == std::string::npos) {
            if (timer.expired()) {
                ADD_FAILURE() << "no system call and no prompt";
                break;
            }
            if (!gdb.running()) {
                gdb.step();
                gdb.resume();
            }
            try {
                if (gdb.wait_stop(harness::Duration(100)).exited) break;
            } catch (const harness::Timeout&) {
                continue;  // all tasks wait, perhaps for what is typed after the prompt
            }
            timer.progress();
            const Registers registers = gdb.regs();
            if (registers.rip == entry) {
                check_entry(registers);
                flags_seen_ |= registers.r11;
                entered.erase(registers.cr3);
                if (may_return(registers.rax)) entered[registers.cr3] = registers;
            } else if (const auto in = entered.find(registers.cr3); in != entered.end()) {
                check_return(in->second, registers);
                entered.erase(in);
                ++count;
            }
            if (HasFailure()) break;
        }
        if (gdb.running()) gdb.interrupt();
        gdb.remove_all();
        gdb.resume();
        if (!HasFailure()) shell.adopt_prompt(output);
        return count;
    }

    uint64_t flags_seen_ = 0;  ///< all flags that ring 3 had set at some SYSCALL
};

class QuickSyscall : public SyscallTest {};
class Syscall : public SyscallTest {};

TEST_F(QuickSyscall, RegistersSurviveEveryCall) {
    boot("sol2");
    ShellSession shell(machine());
    EXPECT_GT(follow(shell, "/tests/regs"), 180u);
}

TEST_F(QuickSyscall, FlagsOfRing3StayThere) {
    boot("sol2");
    ShellSession shell(machine());
    EXPECT_GT(follow(shell, "/tests/regs flags"), 180u);
    EXPECT_EQ(flags_seen_ & (kDf | kNt | kAc), kDf | kNt | kAc) << "or nothing was tested";
}

TEST_F(Syscall, RegistersSurviveWhileOthersRun) {
    boot("sol2");
    ShellSession shell(machine());
    EXPECT_GT(follow(shell, "cat /etc/hello.txt | grep hello | wc ; ls /bin | head -n 3"), 50u);
}

/// TF, RF and IOPL can't be set by a program just before the instruction, but by a debugger.
TEST_F(Syscall, EveryUnwantedFlagIsMasked) {
    boot("sol2");
    ShellSession shell(machine());
    harness::GdbStub& gdb = machine().gdb();
    const harness::ElfSymbols program(built_file("sol2", "programs/tests/regs"));
    const uint64_t instruction = program.value("probe_return") - 2;
    gdb.resume();
    shell.start("/tests/regs");
    gdb.interrupt();
    const uint64_t entry = machine().symbols().value("syscall_entry");
    // Another program may have code at the same address.
    while (true) {
        gdb.run_to(instruction);
        ASSERT_EQ(gdb.regs().rip, instruction);
        if (gdb.read_u16(instruction) == 0x050f) break;
        gdb.step();
    }
    const Registers before = gdb.regs();
    gdb.write_register("eflags", before.rflags | kTf | kIopl | kNt | kRf | kAc);
    // The shell may come first.
    while (true) {
        gdb.run_to(entry);
        ASSERT_EQ(gdb.regs().rip, entry);
        if (gdb.regs().cr3 == before.cr3) break;
        gdb.step();
    }
    const Registers at = gdb.regs();
    check_entry(at);
    EXPECT_EQ(at.rcx, instruction + 2);
    EXPECT_EQ(at.r11 & (kTf | kIopl | kNt | kAc), kTf | kIopl | kNt | kAc) << "or nothing was tested";
    EXPECT_EQ(at.rsp, before.rsp);
    EXPECT_EQ(machine().int_log().with_vector(1).size(), 0u) << "no #DB in the entry path";
}

TEST_F(QuickSyscall, ReturnsToRing3WithTheRightSegmentsAndFlags) {
    boot("sol2");
    ShellSession shell(machine());
    harness::GdbStub& gdb = machine().gdb();
    const uint64_t sysret = find_sysret(machine());
    gdb.insert_breakpoint(sysret);
    gdb.resume();
    machine().send("/tests/regs flags\r");
    for (int i = 0; i < 50; ++i) {
        if (i == 0) {
            ASSERT_EQ(gdb.wait_stop().signal, SIGTRAP);
        } else {
            gdb.resume();
            ASSERT_EQ(gdb.wait_stop().signal, SIGTRAP);
        }
        const Registers at = gdb.regs();
        ASSERT_EQ(at.rip, sysret);
        // Non-canonical, it would fault in ring 0 on the program's stack on Intel's processors.
        EXPECT_LT(at.rcx, uint64_t{1} << 47);
        gdb.step();
        const Registers after = gdb.regs();
        EXPECT_EQ(after.rip, at.rcx);
        EXPECT_EQ(after.cs, 0x33u);
        EXPECT_EQ(after.ss, 0x2bu);
        EXPECT_EQ(after.rsp, at.rsp);
        EXPECT_EQ(after.rflags, (at.r11 & ~kRf) | 2);
        if (HasFailure()) return;
    }
}

/// The last page below the canonical edge can't be mapped: a SYSCALL at its end would return to a
/// non-canonical address.
TEST_F(Syscall, ProgramsCannotReachTheCanonicalEdge) {
    boot("sol2");
    machine().gdb();
    for (const TaskView& task : read_tasks(machine())) {
        harness::PageTables tables(machine().gdb(), task.cr3);
        EXPECT_FALSE(tables.lookup(0x7fff'ffff'f000)) << task.name;
    }
}

}  // namespace
