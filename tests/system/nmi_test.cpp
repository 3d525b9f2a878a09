/// @file
/// Non-maskable interrupts wherever they may hit: they are counted on a stack of their own and nothing else
/// changes.
/// Checks docs/invariants/interrupt-stacks.md.
#include <gtest/gtest.h>

#include <thread>

#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/syscall_probe.h>
#include <tests/system/system_test.h>

namespace {

using harness::Machine;
using harness::Registers;

class NmiTest : public SystemTest {
  protected:
    void SetUp() override { REQUIRE_STATE("sol2"); }

    uint64_t nmi_count() { return machine().gdb().read_u64(machine().symbols().value("nmi_count")); }

    /// With the guest stopped: raises an NMI, follows it to its handler's first instruction and checks the
    /// stack there, then lets the handler finish. `before` is the state that it interrupts.
    void nmi_here() {
        harness::GdbStub& gdb = machine().gdb();
        const Registers before = gdb.regs();
        const uint64_t count = nmi_count();
        const TssView tss = read_tss(machine());
        const GateView gate = read_gate(machine(), 2);
        ASSERT_GE(gate.ist, 1);
        machine().qmp().inject_nmi();
        gdb.run_to(gate.offset);
        const Registers inside = gdb.regs();
        ASSERT_EQ(inside.rip, gate.offset) << machine().symbols().describe(inside.rip);
        const uint64_t frame = tss.ist[gate.ist - 1u] - 40;
        EXPECT_EQ(inside.rsp, frame) << "not on the NMI's own stack";
        EXPECT_EQ(gdb.read_u64(frame), before.rip);
        EXPECT_EQ(gdb.read_u64(frame + 8), before.cs);
        EXPECT_EQ(gdb.read_u64(frame + 24), before.rsp);
        gdb.insert_breakpoint(before.rip);
        next_stop(gdb);
        gdb.remove_breakpoint(before.rip);
        EXPECT_EQ(nmi_count(), count + 1);
        Registers after = gdb.regs();
        // CR2 and the null segments that IRET leaves in ring 0's SS don't matter.
        after.cr2 = before.cr2;
        after.ss = before.ss;
        EXPECT_EQ(harness::format_difference(before, after), "");
    }
};

class QuickNmi : public NmiTest {};

TEST_F(QuickNmi, InRing3AndInTheIdleKernel) {
    Machine& machine = boot("sol2");
    ShellSession shell(machine);
    // The idle kernel sleeps in HLT with nobody to run. The shell's prompt is out before the shell waits.
    machine.gdb().run_to(machine.symbols().value("nothing_to_run"));
    machine.gdb().resume();
    for (size_t count = 1; count <= 5; ++count) {
        machine.qmp().inject_nmi();
        harness::ProgressTimer timer(machine.pid(), harness::Duration(5'000));
        while (machine.int_log().with_vector(2).size() < count) {
            ASSERT_FALSE(timer.expired()) << "the NMI was not taken";
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
    machine.gdb().interrupt();
    EXPECT_EQ(nmi_count(), 5u);
    machine.gdb().resume();
    const harness::IntLog idle = machine.int_log();
    ASSERT_EQ(idle.with_vector(2).size(), 5u);
    for (const auto& entry : idle.with_vector(2)) EXPECT_EQ(entry.cpl, 0u);
    EXPECT_EQ(shell.run("echo alive"), "alive\n");

    shell.start("/tests/spin");
    size_t hits = 0;
    for (int i = 0; i < 500 && hits < 15; ++i) {
        machine.gdb().interrupt();
        if (machine.gdb().regs().cpl() == 3 && find_task(machine, "spin")) {
            nmi_here();
            if (HasFailure()) return;
            ++hits;
        }
        machine.gdb().resume();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(hits, 15u);
    const harness::IntLog busy = machine.int_log();
    ASSERT_EQ(busy.with_vector(2).size(), 20u);
    EXPECT_EQ(busy.with_vector(2).back().cpl, 3u);
    machine.send(kControlC);
    shell.finish();
    EXPECT_EQ(shell.run("echo alive"), "alive\n");
}

TEST_F(QuickNmi, AtEveryInstructionOfASystemCallsWayInAndOut) {
    Machine& machine = boot("sol2");
    ShellSession shell(machine);
    harness::GdbStub& gdb = machine.gdb();
    const uint64_t entry = machine.symbols().value("syscall_entry");
    const uint64_t sysret = find_sysret(machine);
    // In: while RSP is still the program's and while it is the kernel's. The task must be the same, so IF=0
    // all along.
    gdb.resume();
    shell.start("/tests/regs");
    gdb.interrupt();
    gdb.run_to(entry);
    for (int i = 0; i < 6; ++i) {
        nmi_here();
        if (HasFailure()) return;
        gdb.step();
    }
    // Out: from the restoring of registers to the instruction that leaves with the program's RSP.
    gdb.run_to(machine.symbols().value("syscall_exit"));
    for (int i = 0; i < 40 && gdb.regs().rip != sysret; ++i) {
        nmi_here();
        if (HasFailure()) return;
        gdb.step();
    }
    EXPECT_EQ(gdb.regs().rip, sysret);
    nmi_here();
    gdb.resume();
    EXPECT_EQ(shell.finish(), "regs: ok\n");
}

}  // namespace
