/// @file
/// Chapters 5 and 6: an interrupt or NMI at every instruction of every way into the kernel and out of it does
/// no harm, and the test that says so finds harm where it is.
/// Checks docs/invariants/interrupt-stacks.md, docs/invariants/swapgs-parity.md.
#include <gtest/gtest.h>

#include <iostream>
#include <set>

#include <tests/system/bug_run.h>
#include <tests/system/injection.h>
#include <tests/system/pcr_states.h>
#include <tests/system/system_test.h>

namespace {

using harness::Registers;
using Code = std::vector<CodeLine>;

constexpr uint64_t kKernelCode = 0x10;
constexpr uint64_t kUserCode = 0x33;
constexpr uint64_t kStubSize = 16;
constexpr unsigned kPageFaultVector = 14;
constexpr unsigned kTimerVector = 32;
constexpr uint64_t kIf = 1 << 9;
constexpr uint64_t kRf = 1 << 16;
/// How many violations of a broken kernel to print.
constexpr size_t kShown = 3;

Code operator+(Code code, const Code& more) {
    code.insert(code.end(), more.begin(), more.end());
    return code;
}

class InjectionTest : public testing::Test {
  protected:
    void start(const harness::MachineOptions& options, const std::string& programs) {
        injector_.reset();
        injector_ = std::make_unique<Injector>(options, programs);
        elf_ = options.kernel;
    }
    Injector& injector() { return *injector_; }

    Code behind(const std::string& label) { return code_behind(elf_, injector().machine().symbols(), label); }
    /// The stub of an interrupt vector.
    uint64_t stub(unsigned vector) { return injector().kernel("interrupt_stubs") + vector * kStubSize; }
    Code stub_code(unsigned vector) { return list_code(elf_, stub(vector), stub(vector) + kStubSize); }
    Code interrupt_in() { return behind("interrupt_entry") + behind("interrupt_call"); }
    Code interrupt_out() { return behind("interrupt_exit") + behind("interrupt_return"); }

    /// At an interrupt's stub, when it has come from `cs` in one of the two processes.
    Injector::Begin at_stub(unsigned vector, uint64_t cs) {
        const uint64_t offset = vector == kPageFaultVector ? 16 : 8;  // behind an error code
        return injector().at(stub(vector), [this, offset, cs](const Registers& registers) {
            return injector().is_program(registers.cr3) &&
                   injector().gdb().read_u64(registers.rsp + offset) == cs;
        });
    }

    /// At the end of a system call of one of the processes, with RF in the flags to restore: SYSRET can't.
    Injector::Begin at_exit_by_iretq() {
        return [this] {
            if (!injector().at_in_program(injector().kernel("syscall_exit"))()) return false;
            harness::GdbStub& gdb = injector().gdb();
            const uint64_t flags = gdb.regs().rsp + injector().kernel("OFFSETOF_SyscallFrame_r11");
            gdb.write_u64(flags, gdb.read_u64(flags) | kRf);
            return true;
        };
    }

    static bool interrupts_on(const Registers& registers) { return (registers.rflags & kIf) != 0; }

    /// Chapter 5's kernel thread runs with IF=1, even when it has just been switched to: a timer's interrupt
    /// there.
    Injector::Begin at_kernel_thread_with_timer() {
        return with_timer(injector().at(behind("switch_context").back().address, interrupts_on));
    }

    /// True for the idle task, and no other.
    bool is_idle(uint64_t task) {
        return injector().gdb().read_u32(task + injector().kernel("OFFSETOF_Task_pid")) == 0;
    }

    /// At the timer's stub, when it has ended the idle task's sleep.
    Injector::Begin at_timer_while_idle() {
        return injector().at(stub(kTimerVector), [this](const Registers& registers) {
            return !injector().is_program(registers.cr3) &&
                   injector().gdb().read_u64(registers.rsp + 8) == kKernelCode;
        });
    }

    /// `begin`, and an NMI raised there.
    Injector::Begin with_nmi(const Injector::Begin& begin) {
        return [this, begin] {
            if (!begin()) return false;
            injector().raise_nmi();
            return true;
        };
    }

    /// `begin`, and a timer's interrupt there, which leads to its stub.
    Injector::Begin with_timer(const Injector::Begin& begin) {
        return [this, begin] {
            if (!begin()) return false;
            injector().raise_timer();
            return true;
        };
    }

    /// One path, added to the totals and printed.
    void path(const std::string& name, const Injector::Begin& begin, const Code& points, Injection kind,
              bool held = false) {
        const InjectionResult result = injector().inject(name, begin, points, kind, held);
        std::cout << "  " << name << ": " << result.tried << " of " << points.size() << " points tried, "
                  << result.taken_at.size() << " interrupts taken there, " << result.held << " held, "
                  << result.violations.size() << " violations" << std::endl;
        if (kind == Injection::kTimer)
            for (const std::string& where : result.taken_at)
                std::cout << "    IF=1 at " << where << std::endl;
        total_.tried += result.tried;
        for (const std::string& where : result.taken_at) total_.taken_at.push_back(where);
        total_.held += result.held;
        for (const std::string& violation : result.violations) total_.violations.push_back(violation);
        std::set<uint64_t> missed;
        for (const auto& [address, where] : result.missed)
            missed.insert(address), total_.missed[address] = where;
        for (const CodeLine& line : points)
            if (!missed.contains(line.address)) reached_.insert(line.address);
    }

    /// The points that no path came to.
    std::vector<std::string> never_reached() {
        std::vector<std::string> names;
        for (const auto& [address, where] : total_.missed)
            if (!reached_.contains(address)) names.push_back(where);
        return names;
    }

    /// All ways in and out. `idles` says that the kernel has an idle task.
    void all_paths(Injection kind, bool idles) {
        Injector& in = injector();
        const Code rest = behind("syscall_return");
        const Code sysret{rest.front()};
        const Code slow(rest.begin() + 1, rest.end());
        const Code ist = behind("ist_entry");
        const auto in_child = [&in](const Registers& registers) { return !in.is_program(registers.cr3); };

        path("system call, in", in.at_in_program(in.kernel("syscall_entry")), behind("syscall_entry"), kind);
        path("system call, out", in.at_in_program(in.kernel("syscall_exit")), behind("syscall_exit") + sysret,
             kind);
        path("system call, out by IRETQ", at_exit_by_iretq(), slow + interrupt_out(), kind);
        path("system call, out, of a child", in.at(in.kernel("syscall_exit"), in_child),
             behind("syscall_exit") + sysret, kind);
        path("new program, out", in.at(in.kernel("interrupt_exit"), in_child), interrupt_out(), kind);
        path("timer in ring 3", with_timer(in.at_in_program(in.program("inject_checked"))),
             stub_code(kTimerVector) + interrupt_in() + interrupt_out(), kind);
        path("page fault in ring 3", at_stub(kPageFaultVector, kUserCode),
             stub_code(kPageFaultVector) + interrupt_in() + interrupt_out(), kind);
        path("page fault in ring 0", at_stub(kPageFaultVector, kKernelCode),
             stub_code(kPageFaultVector) + interrupt_in() + interrupt_out(), kind);
        path("#DB in ring 3", in.at(in.kernel("debug_entry"), in_child), behind("debug_entry") + ist, kind);
        path("NMI in ring 3", with_nmi(in.at_in_program(in.program("inject_checked"))),
             behind("nmi_entry") + ist + behind("interrupt_call") + interrupt_out(), kind, true);
        path("NMI before SWAPGS in ring 0", with_nmi(in.at_in_program(in.kernel("syscall_entry"))),
             behind("nmi_entry") + ist, kind, true);
        const Code switching = behind("switch_context");
        path("switch", in.at_in_program(in.kernel("switch_context")), switching, kind);
        if (idles)
            idle_paths(switching, kind);
        else
            kernel_thread_paths(switching, kind);
    }

    /// Chapter 5 never idles: its kernel thread, with IF=1, takes turns with the programs.
    void kernel_thread_paths(const Code& switching, Injection kind) {
        Injector& in = injector();
        path("timer in ring 0", at_kernel_thread_with_timer(),
             stub_code(kTimerVector) + interrupt_in() + interrupt_out(), kind);
        path("switch from a kernel thread", in.at(in.kernel("switch_context"), interrupts_on), switching,
             kind);
        path("switch to a kernel thread", in.at(switching.back().address, interrupts_on), {switching.back()},
             kind);
    }

    /// Chapter 6 has an idle task in its place, which sleeps with IF=1 and switches with IF=0 like all
    /// others.
    void idle_paths(const Code& switching, Injection kind) {
        Injector& in = injector();
        path("timer in ring 0", at_timer_while_idle(),
             stub_code(kTimerVector) + interrupt_in() + interrupt_out(), kind);
        path("switch from idling",
             in.at(in.kernel("switch_context"), [this](const Registers& at) { return is_idle(at.rdi); }),
             switching, kind);
        path("switch to idling",
             in.at(in.kernel("switch_context"), [this](const Registers& at) { return is_idle(at.rsi); }),
             switching, kind);
    }

    /// What can't be had: QEMU raises neither exception but to end the kernel.
    void list_impossible() {
        for (const char* label : {"machine_check_entry", "double_fault_entry"})
            for (const CodeLine& line : behind(label))
                total_.missed[line.address] = std::string(label) + " " + line.mnemonic + " " + line.operands;
    }

    /// Prints the sum and demands that nothing was wrong.
    void expect_harmless(const std::string& what) {
        list_impossible();
        for (const std::string& violation : injector().check_log()) total_.violations.push_back(violation);
        std::cout << what << ": " << total_.tried << " points tried, " << total_.taken_at.size()
                  << " interrupts taken there, " << total_.held << " held by the processor, "
                  << total_.violations.size() << " violations" << std::endl;
        for (const std::string& name : never_reached()) std::cout << "  not tried: " << name << std::endl;
        for (const std::string& violation : total_.violations) ADD_FAILURE() << violation;
    }

    /// Prints the sum and demands that something was wrong.
    void expect_violations(const std::string& what, size_t at_least) {
        std::cout << what << ": " << total_.tried << " points tried, " << total_.violations.size()
                  << " violations" << std::endl;
        for (size_t i = 0; i < total_.violations.size() && i < kShown; ++i)
            std::cout << "  " << total_.violations[i] << std::endl;
        EXPECT_GE(total_.violations.size(), at_least) << "the test is blind";
    }

    InjectionResult total_;
    std::set<uint64_t> reached_;

  private:
    std::unique_ptr<Injector> injector_;
    std::filesystem::path elf_;
};

class PcrInjection : public InjectionTest, public testing::WithParamInterface<std::string> {
  protected:
    void all_paths(Injection kind) {
        start(state_options(GetParam()), GetParam());
        InjectionTest::all_paths(kind, GetParam() >= "sol6");
    }
};
IN_PCR_STATES(PcrInjection);

TEST_P(PcrInjection, NmiAtEveryInstruction) {
    all_paths(Injection::kNmi);
    expect_harmless(GetParam() + ", NMI");
    EXPECT_GT(total_.tried, 400u);
    EXPECT_GT(total_.taken_at.size(), 300u);
}

TEST_P(PcrInjection, TimerAtEveryInstruction) {
    all_paths(Injection::kTimer);
    // Ring 3 is where IF is 1: there it is taken, or the injections above have been none.
    path("ring 3", injector().at_in_program(injector().program("inject_checked")),
         {{injector().program("inject_checked"), "ret", ""}}, Injection::kTimer);
    EXPECT_GE(total_.taken_at.size(), 1u);
    expect_harmless(GetParam() + ", timer");
    EXPECT_GT(total_.tried, 400u);
    EXPECT_GT(total_.held, 400u);
}

/// The points where GS, or RSP, is still or already the program's.
class PcrInjectionIsNotBlind : public InjectionTest {
  protected:
    void swap_points(Injection kind) {
        Injector& in = injector();
        const Code rest = behind("syscall_return");
        path("system call, in", in.at_in_program(in.kernel("syscall_entry")), behind("syscall_entry"), kind);
        path("system call, out", in.at_in_program(in.kernel("syscall_exit")),
             behind("syscall_exit") + Code{rest.front()}, kind);
        path("page fault in ring 3", at_stub(kPageFaultVector, kUserCode), interrupt_in() + interrupt_out(),
             kind);
    }
};

TEST_F(PcrInjectionIsNotBlind, ToAnEntryThatTrustsGs) {
    REQUIRE_STATE("sol5");
    start(variant_options("ist_trusts_gs", "sol5"), "sol5");
    swap_points(Injection::kNmi);
    // The first instruction of the system call's entry, and the last of its exit; 15 pushes, a test, a jump
    // and the swap on the way in of an interrupt; as many pops, an addition and IRETQ on the way out.
    expect_violations("an NMI whose entry trusts GS", 37);
}

TEST_F(PcrInjectionIsNotBlind, ToAnNmiWithoutAStackOfItsOwn) {
    REQUIRE_STATE("sol5");
    start(variant_options("nmi_without_ist", "sol5"), "sol5");
    swap_points(Injection::kNmi);
    expect_violations("an NMI without a stack of its own", 37);
}

/// Interrupts forced on while the kernel has the program's RSP, or the entry of another task may change what
/// it reads.
TEST_F(PcrInjectionIsNotBlind, ToInterruptsInChapter4) {
    REQUIRE_STATE("sol4");
    start(bug_options("sol4", "faults=kill"), "sol4");
    Injector& in = injector();
    path("system call, in", in.at_in_program(in.kernel("syscall_entry")), behind("syscall_entry"),
         Injection::kForcedTimer);
    path("system call, out", in.at_in_program(in.kernel("syscall_exit")), behind("syscall_exit"),
         Injection::kForcedTimer);
    expect_violations("chapter 4 with interrupts forced on", 3);
}

}  // namespace
