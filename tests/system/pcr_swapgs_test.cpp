/// @file
/// Chapters 5 and 6: SWAPGS exactly once for each crossing. In ring 3 GS is the program's and the PCR waits
/// in KERNEL_GS_BASE, in C++ it is the other way round; and SYSRET is used only for what it can do.
/// Checks docs/invariants/canonical-sysret.md, docs/invariants/frame-ownership.md.
/// Checks docs/invariants/swapgs-parity.md.
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <set>

#include <tests/system/entry_paths.h>
#include <tests/system/kernel_view.h>
#include <tests/system/pcr_states.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using harness::Duration;
using harness::Registers;

constexpr uint64_t kCanonicalEdge = 1ull << 47;
constexpr uint64_t kTf = 1 << 8;
constexpr uint64_t kIf = 1 << 9;
constexpr uint64_t kRf = 1 << 16;
constexpr uint16_t kSyscallInstruction = 0x050f;
constexpr unsigned kPageFaultVector = 14;
constexpr unsigned kTimerVector = 32;

class PcrTest : public SystemTest, public testing::WithParamInterface<std::string> {
  protected:
    harness::Machine& boot(const std::string& command_line = "") {
        return SystemTest::boot(GetParam(), command_line);
    }
    /// The symbols of a program in the state under test.
    harness::ElfSymbols program_symbols(const std::string& name) {
        return harness::ElfSymbols(built_file(GetParam(), "programs/" + name));
    }
    uint64_t symbol(const std::string& name) { return machine().symbols().value(name); }
    harness::GdbStub& gdb() { return machine().gdb(); }

    /// The guest stops at these addresses and no others. It is stopped afterwards.
    void stop_at(const std::set<uint64_t>& addresses) {
        if (gdb().running()) gdb().interrupt();
        gdb().remove_all();
        for (const uint64_t address : addresses) gdb().insert_breakpoint(address);
    }

    /// Ends what run() has left running and waits for the prompt.
    void finish(ShellSession& shell) {
        stop_at({});
        if (machine().serial().find(kPrompt, output_) == std::string::npos) machine().send(kControlC);
        gdb().resume();
        shell.adopt_prompt(output_);
    }

    /// Types `command` and calls `at_stop` at each breakpoint until the next prompt, or until it returns
    /// false.
    template <class F>
    void run(const std::string& command, F&& at_stop) {
        output_ = machine().serial_position();
        if (!gdb().running()) gdb().resume();
        machine().send(command);
        machine().send(kEnter);
        harness::ProgressTimer timer(machine().pid(), Duration(10'000));
        bool going = true;
        while (going && machine().serial().find(kPrompt, output_) == std::string::npos) {
            ASSERT_FALSE(timer.expired()) << "neither a stop nor a prompt";
            if (!gdb().running()) {
                gdb().step();
                gdb().resume();
            }
            try {
                if (gdb().wait_stop(Duration(100)).exited) return;
            } catch (const harness::Timeout&) {
                continue;  // all sleep, perhaps at the prompt
            }
            timer.progress();
            going = at_stop(gdb().regs()) && !HasFailure();
        }
        if (gdb().running()) gdb().interrupt();
    }

  private:
    size_t output_ = 0;  ///< position behind what was there before the command
};

/// What runs in all these tests: system calls, faults, ticks, forks, execs and signals, with bases set.
constexpr char kPrograms[] = "/tests/inject";

class PcrSwapgs : public PcrTest {
  protected:
    /// In ring 3: the base is one that a program has, the PCR's waits.
    void check_ring3(const Registers& at, const std::string& path) {
        EXPECT_EQ(at.cpl(), 3u) << path;
        EXPECT_EQ(at.k_gs_base, symbol("boot_pcr")) << path;
        EXPECT_TRUE(at.gs_base == 0 || at.gs_base == program_base_) << path << ": " << std::hex << at.gs_base;
        seen_bases_.insert(at.gs_base);
    }

    /// Which way a return by IRETQ ends: the vector is still in the popped frame, below RSP.
    std::string path_of(const Registers& at) {
        const uint64_t vector = gdb().read_u64(at.rsp - 16);
        const uint64_t rip = gdb().read_u64(at.rsp);
        if (vector == kTimerVector) return "timer";
        if (vector == kPageFaultVector) return "page fault";
        if (vector != 0) return "vector " + std::to_string(vector);
        return entries_.contains(rip) ? "first entry" : "system call by IRETQ";
    }

    uint64_t program_base_ = 0;
    std::set<uint64_t> entries_;  ///< where programs start
    std::set<uint64_t> seen_bases_;
};

TEST_P(PcrSwapgs, TheProgramsBaseInRing3AfterEveryReturn) {
    boot();
    ShellSession shell(machine());
    const harness::ElfSymbols program = program_symbols("tests/inject");
    program_base_ = program.value("inject_gs_word");
    entries_ = {program.entry(), program_symbols("bin/true").entry()};
    const uint64_t sysret = symbol("syscall_return"), iret = symbol("interrupt_return"),
                   exit = symbol("syscall_exit");
    stop_at({sysret, iret, exit});
    std::map<std::string, int> paths;
    std::set<uint64_t> spaces;
    int exits = 0;
    run(kPrograms, [&](Registers at) {
        std::string path;
        if (at.rip == exit) {
            // Every so often, what SYSRET can't restore.
            const uint64_t flags = at.rsp + symbol("OFFSETOF_SyscallFrame_r11");
            if (++exits % 10 == 0) gdb().write_u64(flags, gdb().read_u64(flags) | kRf);
            return true;
        }
        if (at.rip == sysret) {
            path = spaces.insert(at.cr3).second && at.rax == 0 ? "fork" : "system call";
        } else {
            if ((gdb().read_u64(at.rsp + 8) & 3) == 0) {
                ++paths["ring 0"];
                return true;
            }
            path = path_of(at);
            spaces.insert(at.cr3);
        }
        EXPECT_EQ(at.rflags & kIf, 0u) << path;
        gdb().step();
        check_ring3(gdb().regs(), path);
        ++paths[path];
        return exits < 1200;
    });
    std::cout << "returns checked:";
    for (const auto& [path, count] : paths) std::cout << " " << path << " " << count << ";";
    std::cout << std::endl;
    for (const char* path :
         {"system call", "system call by IRETQ", "fork", "first entry", "page fault", "timer"})
        EXPECT_GT(paths[path], 0) << path;
    EXPECT_EQ(seen_bases_, (std::set<uint64_t>{0, program_base_}));
}

TEST_P(PcrSwapgs, ThePcrInEveryHandler) {
    // At the usual rate there is a tick after each stop, and nearly nothing else.
    boot("hz=20");
    ShellSession shell(machine());
    const harness::ElfSymbols& symbols = machine().symbols();
    std::set<uint64_t> handlers = {symbol("interrupt_dispatch"), symbol("make_interrupt_frame"),
                                   symbol("move_to_task_stack"), symbol("return_to_user_work"),
                                   symbol("schedule")};
    size_t calls = 0;
    for (const harness::Symbol& s : symbols.all())
        if (s.function && harness::without_arguments(s.demangled).starts_with("sys_")) {
            handlers.insert(s.value);
            ++calls;
        }
    EXPECT_GT(calls, 40u);
    stop_at(handlers);
    std::map<uint64_t, int> entered;
    int stops = 0;
    for (const char* command : {"/tests/tf", kPrograms, "ls / | wc"}) {
        const int limit = stops + 600;
        run(command, [&](const Registers& at) {
            EXPECT_EQ(at.gs_base, symbol("boot_pcr")) << symbols.describe(at.rip);
            ++entered[at.rip];
            return ++stops < limit;
        });
        if (HasFailure()) return;
        finish(shell);
        stop_at(handlers);
    }
    std::cout << stops << " entries of " << entered.size() << " handlers, GS is the PCR in each" << std::endl;
    EXPECT_GT(entered.size(), 20u);
}

class QuickPcrSwapgs : public PcrTest {};
IN_PCR_STATES(PcrSwapgs);
IN_PCR_STATES(QuickPcrSwapgs);

/// The processor, the PCR and the symbols agree on where the stack for entries is.
TEST_P(QuickPcrSwapgs, OneWordSaysWhereTasksEnter) {
    boot();
    gdb();
    const uint64_t rsp0 = symbol("boot_pcr") + symbol("OFFSETOF_ProcessorControlRegion_rsp0");
    EXPECT_EQ(read_segment(machine(), "TR").base + 4, rsp0) << "TSS.RSP0 (Intel SDM 3A, figure 7-11)";
    const SegmentView gdt = read_segment(machine(), "GDT");
    EXPECT_GE(gdt.base, symbol("boot_pcr"));
    EXPECT_LT(gdt.base, rsp0) << "the GDT is in the PCR, too";
}

class PcrSysret : public PcrTest {};
class QuickPcrSysret : public PcrTest {};
IN_PCR_STATES(PcrSysret);
IN_PCR_STATES(QuickPcrSysret);

TEST_P(PcrSysret, OnlyWithACanonicalAddressAndWithoutTfAndRf) {
    boot();
    ShellSession shell(machine());
    stop_at({symbol("syscall_return")});
    int returns = 0;
    for (const char* command : {"/tests/regs flags", "/tests/bases"}) {
        const int limit = returns + 250;
        run(command, [&](const Registers& at) {
            EXPECT_LT(at.rcx, kCanonicalEdge);
            EXPECT_EQ(gdb().read_u16(at.rcx - 2), kSyscallInstruction);
            EXPECT_EQ(at.r11 & (kTf | kRf), 0u) << std::hex << at.r11;
            EXPECT_NE(at.r11 & kIf, 0u);
            EXPECT_EQ(at.rflags & kIf, 0u);
            EXPECT_EQ(at.k_gs_base, symbol("boot_pcr"));
            return ++returns < limit;
        });
        if (HasFailure()) return;
        finish(shell);
        stop_at({symbol("syscall_return")});
    }
    std::cout << returns << " times SYSRET" << std::endl;
    EXPECT_GE(returns, 400);
}

/// A program that steps itself leaves its system call by IRETQ, and is stopped one instruction later.
TEST_P(QuickPcrSysret, NotForAProgramThatStepsItself) {
    boot();
    ShellSession shell(machine());
    const harness::ElfSymbols program = program_symbols("tests/tf");
    const uint64_t iret = symbol("interrupt_return"), sysret = symbol("syscall_return");
    stop_at({iret, sysret});
    int by_iret = 0;
    run("/tests/tf", [&](const Registers& at) {
        if (at.rip == sysret) {
            EXPECT_EQ(at.r11 & kTf, 0u);
        } else if (gdb().read_u64(at.rsp) == program.value("tf_return") && gdb().read_u64(at.rsp - 16) == 0) {
            EXPECT_NE(gdb().read_u64(at.rsp + 16) & kTf, 0u) << "the program's own flag is restored";
            ++by_iret;
        }
        return true;
    });
    EXPECT_EQ(by_iret, 3);
    const std::vector<harness::IntEntry> traps = machine().int_log().with_vector(1);
    ASSERT_EQ(traps.size(), 3u);
    for (const harness::IntEntry& trap : traps) {
        EXPECT_EQ(trap.cpl, 3u) << harness::format_entry(trap);
        EXPECT_EQ(trap.rip, program.value("tf_trap")) << harness::format_entry(trap);
    }
    EXPECT_NE(machine().serial().find("tf: ok"), std::string::npos);
}

/// No program can bring the kernel to it, so the debugger does: with a return address that is not canonical
/// neither SYSRET nor IRETQ may be executed. Both would fault in ring 0 on Intel's processors, with the
/// program's GS.
TEST_P(QuickPcrSysret, NeverToAnAddressThatIsNotCanonical) {
    boot();
    ShellSession shell(machine());
    const uint64_t base = program_symbols("tests/inject").value("inject_gs_word");
    const uint64_t exit = symbol("syscall_exit"), iret = symbol("interrupt_return"),
                   sysret = symbol("syscall_return");
    for (const uint64_t address : {kCanonicalEdge, 0x8000'0000'0000'0000ul, 0xffff'7fff'ffff'fffful}) {
        stop_at({exit});
        uint64_t cr3 = 0;
        run("/tests/inject", [&](const Registers& at) {
            if (at.rip == exit && at.k_gs_base == base && cr3 == 0) {
                cr3 = at.cr3;
                gdb().write_u64(at.rsp + symbol("OFFSETOF_SyscallFrame_rcx"), address);
                stop_at({iret, sysret});
            } else if (at.rip != exit) {
                EXPECT_NE(at.rip == sysret ? at.rcx : gdb().read_u64(at.rsp), address)
                    << (at.rip == sysret ? "SYSRET" : "IRETQ");
                EXPECT_NE(at.cr3, cr3) << "the program goes on";
            }
            return true;
        });
        ASSERT_NE(cr3, 0u);
        finish(shell);
        EXPECT_EQ(shell.status(), "139\n") << "killed by SIGSEGV";
    }
}

}  // namespace
