/// @file
/// The mechanism of chapter 3, caught by a hardware watchpoint: who overwrites the shell's saved RCX.
/// Checks docs/invariants/frame-ownership.md.
#include <gtest/gtest.h>

#include <iostream>

#include <tests/system/bug_run.h>
#include <tests/system/system_test.h>

using harness::Machine;

namespace {

constexpr int kInitPid = 1;
constexpr int kShellPid = 2;
constexpr uint8_t kPushRcx = 0x51;

/// The task with this pid. The guest must be stopped.
TaskView task_with_pid(Machine& machine, int pid) {
    for (TaskView& task : read_tasks(machine))
        if (task.pid == pid) return std::move(task);
    throw std::runtime_error("no task with pid " + std::to_string(pid));
}

class BugWatchpoint : public SystemTest {
  protected:
    void SetUp() override { REQUIRE_STATE("sol3"); }

    /// Starts a machine and stops it where the shell waits for its first key.
    void start_at_first_read(harness::MachineOptions options) {
        options.start_paused = true;
        start(options);
        machine().gdb().run_to(machine().symbols().value("tty_wait_for_input"));
    }
};

TEST_F(BugWatchpoint, QuickCulpritIsInitsPushOnTheShellsStack) {
    // Few ticks: one that comes between the culprit's interrupt and its push would write to the slot as well.
    start_at_first_read(bug_options("sol3", "hz=100"));
    harness::GdbStub& gdb = machine().gdb();
    const harness::ElfSymbols& symbols = machine().symbols();
    const TaskView init = task_with_pid(machine(), kInitPid);
    const TaskView shell = task_with_pid(machine(), kShellPid);
    ASSERT_EQ(gdb.regs().cr3, shell.cr3) << "the first reader of the terminal is not the shell";

    const uint64_t slot = shell.kstack_top - 8;
    gdb.insert_watchpoint(slot, 8);
    // init may be looking for ended children, which ends well; the yield after it is the one that counts.
    for (int writes = 0; writes < 3 && gdb.regs().rcx != kInitReturn; ++writes) {
        gdb.resume();
        ASSERT_EQ(gdb.wait_stop(kPanicLimit).watch_address, slot);
        ASSERT_NE(gdb.regs().cr3, shell.cr3);
    }
    // Before anything else: the panic that follows writes to the slot, too, and QEMU 7.2 would abort.
    gdb.remove_watchpoint(slot, 8);

    const harness::Registers registers = gdb.regs();
    EXPECT_EQ(registers.cr3, init.cr3);
    EXPECT_EQ(registers.rsp, slot);
    EXPECT_EQ(registers.rcx, kInitReturn);
    EXPECT_EQ(gdb.read_u64(slot), kInitReturn);
    // The watchpoint stops after the write: the instruction before RIP made it, one of one byte.
    EXPECT_EQ(gdb.read_u8(registers.rip - 1), kPushRcx);
    EXPECT_EQ(symbols.describe(registers.rip - 1).substr(0, 14), "syscall_entry+");
    EXPECT_EQ(kernel_value(machine(), "CURRENT_KERNEL_STACK"), shell.kstack_top);

    gdb.resume();
    const BugRun run = run_to_panic(machine());
    EXPECT_EQ(differs_from_story(machine(), run), "");
    std::cout << "the shell's saved RCX at " << std::hex << slot << " was overwritten by "
              << symbols.describe(registers.rip - 1) << " with CR3=" << registers.cr3 << ", init's"
              << std::dec << std::endl;
}

}  // namespace
