/// @file
/// Faults of the kernel itself, asked for on its command line: the processor's record tells which fault it
/// was, the kernel's report must agree with it.
/// Checks docs/invariants/interrupt-stacks.md, docs/invariants/w-xor-x.md.
#include <gtest/gtest.h>

#include <regex>

#include <fmt/format.h>

#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using harness::ExitStatus;
using harness::IntEntry;
using harness::Machine;
using harness::MachineOptions;

class CrashTest : public SystemTest {
  protected:
    Machine& crash(const std::string& state, const std::string& kind) {
        MachineOptions options = state_options(state);
        options.append = "crash=" + kind;
        return start(options);
    }

    /// The kernel's report, up to the halt at its end.
    std::string report(Machine& machine) {
        machine.wait_for("Backtrace:");
        wait_for_halt(machine);
        return plain_lines(machine.serial());
    }

    /// The addresses and names of the report's backtrace must be those of the ELF file.
    void check_backtrace(Machine& machine, const std::string& text) {
        const size_t start = text.find("Backtrace:\n");
        ASSERT_NE(start, std::string::npos) << text;
        const std::regex line(R"(  0x([0-9a-f]{16})  (\S+)\+0x([0-9a-f]+)\n)");
        size_t count = 0;
        for (std::sregex_iterator match(text.begin() + static_cast<long>(start), text.end(), line), end;
             match != end; ++match, ++count) {
            const uint64_t address = std::stoull((*match)[1], nullptr, 16);
            const uint64_t offset = std::stoull((*match)[3], nullptr, 16);
            // A call that never returns may be its function's last instruction.
            const harness::Symbol* symbol = machine.symbols().covering(address);
            if (!symbol || (symbol->value == address && offset != 0))
                symbol = machine.symbols().covering(address - 1);
            ASSERT_NE(symbol, nullptr) << (*match)[0];
            EXPECT_EQ(address - symbol->value, offset) << (*match)[0];
            // The table in the kernel may hold the plain or the demangled name.
            const std::string name = (*match)[2];
            EXPECT_TRUE(name == symbol->name ||
                        harness::without_arguments(symbol->demangled).find(name) != std::string::npos)
                << name << " is really " << symbol->demangled;
        }
        EXPECT_GE(count, 2u) << text;
    }

    void check_exception(const std::string& state, const std::string& kind, unsigned vector, uint32_t error,
                         const std::string& name, uint64_t cr2) {
        SCOPED_TRACE(state + " crash=" + kind);
        Machine& machine = crash(state, kind);
        const std::string text = report(machine);
        const std::vector<IntEntry> log = exceptions(machine.int_log());
        ASSERT_EQ(log.size(), 1u) << format_entries(log);
        EXPECT_EQ(log[0].vector, vector);
        EXPECT_EQ(log[0].error, error);
        EXPECT_EQ(log[0].cpl, 0u);
        if (vector == 14) {
            EXPECT_EQ(log[0].cr2, cr2);
        }
        EXPECT_EQ(machine.int_log().triple_faults(), 0u);

        EXPECT_NE(text.find(fmt::format("EXCEPTION: {}, vector {}), error code {:#x}, in ring 0\n", name,
                                        vector, error)),
                  std::string::npos)
            << text;
        for (const std::string& part :
             {fmt::format("RIP={:#x} CS=0x10 RFLAGS=", log[0].rip),
              fmt::format("CR3={:#x} CPU=0\n", *log[0].cr3), fmt::format("RSP={:#x} SS=0x18", log[0].rsp),
              fmt::format("Backtrace:\n  0x{:016x}", log[0].rip)}) {
            EXPECT_NE(text.find(part), std::string::npos) << part << " is missing in\n" << text;
        }
        check_code(machine, text, log[0].rip);
        check_backtrace(machine, text);
    }

    /// The report lists the instruction at RIP with its bytes: those that are in memory there.
    void check_code(Machine& machine, const std::string& text, uint64_t rip) {
        const std::regex line(fmt::format("=> 0x{:x}  ((?:[0-9a-f]{{2}} )+)", rip));
        std::smatch match;
        ASSERT_TRUE(std::regex_search(text, match, line)) << text;
        const std::string listed = match[1];
        std::string expected;
        for (const uint8_t byte : machine.gdb().read(rip, listed.size() / 3))
            expected += fmt::format("{:02x} ", byte);
        EXPECT_EQ(listed, expected) << text;
    }

    void check_all(const std::string& state) {
        const harness::ElfSymbols symbols(built_file(state, "trapline.elf"));
        check_exception(state, "ud", 6, 0, "INVALID OPCODE (#UD", 0);
        check_exception(state, "null", 14, 0, "PAGE FAULT (#PF", 0);
        check_exception(state, "text", 14, 3, "PAGE FAULT (#PF", symbols.value("text_start"));
        check_exception(state, "exec", 14, 0x11, "PAGE FAULT (#PF", symbols.value("data_start"));

        SCOPED_TRACE(state + " crash=panic");
        Machine& machine = crash(state, "panic");
        const std::string text = report(machine);
        EXPECT_NE(text.find("\nPANIC: asked for on the command line\n"), std::string::npos) << text;
        EXPECT_TRUE(exceptions(machine.int_log()).empty()) << format_entries(exceptions(machine.int_log()));
        check_backtrace(machine, text);
    }

    void check_stack_overflow(const std::string& state) {
        SCOPED_TRACE(state);
        Machine& machine = crash(state, "stack");
        const std::string text = report(machine);
        const harness::IntLog log = machine.int_log();
        EXPECT_EQ(log.triple_faults(), 0u);
        const std::vector<IntEntry> faults = log.with_vector(8);
        ASSERT_EQ(faults.size(), 1u) << format_entries(exceptions(log));
        EXPECT_EQ(faults[0].cpl, 0u);

        // The processor stands on the #DF stack; the stack that overflowed is another task's, at its very
        // end.
        const uint64_t size = kernel_stack_size(machine);
        const TssView tss = read_tss(machine);
        const GateView gate = read_gate(machine, 8);
        ASSERT_GE(gate.ist, 1u);
        const uint64_t top = tss.ist[gate.ist - 1u];
        const uint64_t rsp = machine.gdb().regs().rsp;
        EXPECT_LE(rsp, top);
        EXPECT_GT(rsp, top - size);
        const TaskView boot_task = read_tasks(machine).front();
        EXPECT_LT(faults[0].rsp, boot_task.kstack_top - size + 256);
        EXPECT_GE(faults[0].rsp, boot_task.kstack_top - 2 * size);

        EXPECT_NE(text.find("EXCEPTION: DOUBLE FAULT (#DF, vector 8)"), std::string::npos) << text;
        EXPECT_NE(text.find("The kernel stack has overflowed"), std::string::npos) << text;
        EXPECT_NE(text.find(fmt::format("Task: {} (pid 0)", boot_task.name)), std::string::npos) << text;
        EXPECT_EQ(text.find("second fault"), std::string::npos) << text;
        check_backtrace(machine, text);
    }
};

class QuickCrash : public CrashTest {};
class Crash : public CrashTest {};

TEST_F(QuickCrash, TreeReportsItsFaults) {
    REQUIRE_STATE("sol0");
    check_all("sol0");
}

TEST_F(Crash, Ring3StateReportsItsFaults) {
    REQUIRE_STATE("sol1");
    check_all("sol1");
}

TEST_F(Crash, SyscallStateReportsItsFaults) {
    REQUIRE_STATE("sol2");
    check_all("sol2");
}

TEST_F(Crash, StateWithProcessorsReportsItsFaults) {
    REQUIRE_STATE("sol6");
    check_all("sol6");
}

TEST_F(QuickCrash, StackOverflowWithoutInterruptStacksIsATripleFault) {
    REQUIRE_STATE("sol0");
    Machine& machine = crash("sol0", "stack");
    EXPECT_EQ(machine.wait_exit().kind, ExitStatus::Kind::kTripleFault);
    EXPECT_EQ(machine.qmp().shutdown_reason(), "guest-reset");
    EXPECT_EQ(machine.int_log().with_vector(8).size(), 1u);
    EXPECT_EQ(machine.serial().find("EXCEPTION"), std::string::npos) << "nothing is left to report it";
}

TEST_F(QuickCrash, StackOverflowIsReportedFromAnotherStack) {
    for (const std::string state : {"sol1", "sol2", "sol6"})
        if (has_state(state)) check_stack_overflow(state);
}

TEST_F(Crash, UnknownKindIsNamedAndIgnored) {
    REQUIRE_STATE("sol0");
    Machine& machine = boot("sol0", "crash=nonsense");
    EXPECT_NE(machine.serial().find("crash=nonsense: unknown"), std::string::npos);
}

TEST_F(Crash, PanicEndsQemuWhenAsked) {
    REQUIRE_STATE("sol0");
    Machine& machine = crash("sol0", "ud panic=exit");
    machine.wait_for("Backtrace:");
    const ExitStatus status = machine.wait_exit();
    EXPECT_EQ(status.kind, ExitStatus::Kind::kDebugExit);
    EXPECT_EQ(status.code, 0x11);
}

}  // namespace
