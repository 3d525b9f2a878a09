/// @file
/// Chapter 1 from outside: each program of /ring3 raises just the exception that its source promises, lands
/// on the right stack, and dies alone.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <thread>

#include <fmt/format.h>

#include <tests/system/kernel_view.h>
#include <tests/system/system_test.h>

namespace {

using harness::IntEntry;
using harness::Machine;
using harness::Registers;

/// What the comment on top of a program's source says.
struct Expectation {
    unsigned vector = 0;
    std::set<uint32_t> errors;  ///< any of these; empty: the vector has none
};

/// By program name, from the comments of userland/ring3.
std::map<std::string, Expectation> read_expectations() {
    std::map<std::string, Expectation> result;
    for (const auto& entry : std::filesystem::directory_iterator(source_root() / "userland/ring3")) {
        if (entry.path().extension() != ".S") continue;
        std::ifstream file(entry.path());
        std::string comment;
        for (std::string line; std::getline(file, line) && line.starts_with("// ");)
            comment += line.substr(2);
        Expectation expectation;
        std::smatch match;
        if (!std::regex_search(comment, match, std::regex("Expected: #\\w+, vector (\\d+)"))) {
            throw harness::InfrastructureError(entry.path().string() +
                                               " does not say which vector to expect");
        }
        expectation.vector = static_cast<unsigned>(std::stoul(match[1]));
        // "error code 5 where the kernel is mapped (...) or 4 where nothing is"; "0x402 ...; QEMU 7.2 reports
        // 0x802"
        if (std::regex_search(comment, match, std::regex("error code (0x[0-9a-f]+|\\d+)"))) {
            expectation.errors.insert(static_cast<uint32_t>(std::stoul(match[1], nullptr, 0)));
            const std::string rest = match.suffix();
            if (std::regex_search(rest, match, std::regex("( or|reports) (0x[0-9a-f]+|\\d+)")))
                expectation.errors.insert(static_cast<uint32_t>(std::stoul(match[2], nullptr, 0)));
        }
        result[entry.path().stem()] = expectation;
    }
    return result;
}

/// The signal by which Linux ends a program after an exception.
int signal_of(unsigned vector) {
    switch (vector) {
        case 0:
            return 8;
        case 1:
        case 3:
            return 5;
        case 6:
            return 4;
        default:
            return 11;
    }
}

class Ring3Test : public SystemTest {
  protected:
    void SetUp() override { REQUIRE_STATE("sol1"); }

    /// Starts the kernel and stops it at its first instruction in long mode, with symbols usable.
    Machine& start_at_kernel_main() {
        harness::MachineOptions options = state_options("sol1");
        options.start_paused = true;
        Machine& machine = start(options);
        machine.gdb().run_to(machine.symbols().value("kernel_main"));
        return machine;
    }
};

class QuickRing3 : public Ring3Test {};
class Ring3 : public Ring3Test {};

TEST_F(QuickRing3, EachProgramRaisesItsExceptionAndDiesAlone) {
    const std::map<std::string, Expectation> expectations = read_expectations();
    Machine& machine = start_at_kernel_main();
    harness::GdbStub& gdb = machine.gdb();
    const uint64_t exit_current = machine.symbols().value("exit_current");
    gdb.insert_breakpoint(exit_current);

    std::set<std::string> seen;
    size_t known = 0;  // log entries that belong to earlier programs
    for (;;) {
        ASSERT_FALSE(next_stop(gdb).exited);
        ASSERT_EQ(gdb.regs().rip, exit_current);
        const auto task = task_of_stack(machine, gdb.regs().rsp);
        ASSERT_TRUE(task);
        if (task->pid == 0 || task->name == "check-0" || task->name == "check-1") continue;
        if (task->name == "ring3") break;  // the thread that starts the programs has seen the last one end
        SCOPED_TRACE(task->name);
        const auto expected = expectations.find(task->name);
        ASSERT_NE(expected, expectations.end()) << "a program without a source";
        seen.insert(task->name);

        const harness::IntLog log = machine.int_log();
        std::vector<IntEntry> faults;
        for (size_t i = known; i < log.entries().size(); ++i)
            if (log.entries()[i].vector < 32 && log.entries()[i].cpl == 3) faults.push_back(log.entries()[i]);
        known = log.entries().size();
        ASSERT_FALSE(faults.empty());
        // Pages come on demand: all but the last fault are such, and the last one ends the program.
        const IntEntry fatal = faults.back();
        faults.pop_back();
        for (const IntEntry& fault : faults) EXPECT_EQ(fault.vector, 14u) << harness::format_entry(fault);
        EXPECT_EQ(fatal.vector, expected->second.vector) << harness::format_entry(fatal);
        if (expected->second.errors.empty()) {
            EXPECT_EQ(fatal.error, 0u);
        } else {
            EXPECT_TRUE(expected->second.errors.contains(fatal.error)) << harness::format_entry(fatal);
        }
        EXPECT_EQ(fatal.cs, 0x33);
        EXPECT_EQ(fatal.ss, 0x2b);
        EXPECT_EQ(fatal.cr3, task->cr3);
        EXPECT_EQ(fatal.rflags.value_or(0) & 0x3200, 0x200u) << "IF is 1 and IOPL 0 in ring 3";
        EXPECT_EQ(task->fatal_signal, signal_of(fatal.vector));
        if (task->name == "read_null") {
            EXPECT_EQ(fatal.cr2, 0u);
        }
        if (task->name == "read_kernel") {
            EXPECT_EQ(fatal.cr2, 0xffffffff80100000);
        }
        if (task->name == "exec_stack") {
            EXPECT_EQ(fatal.cr2, fatal.rip);
        }
        if (task->name == "stack_overflow") {
            EXPECT_EQ(fatal.cr2, fatal.rsp - 8);
        }
    }
    EXPECT_EQ(seen.size(), expectations.size());

    // The kernel lives: it says so, its timer goes on, and nothing ever faulted in ring 0.
    gdb.remove_all();
    gdb.resume();
    const size_t end = machine.wait_for("programs ran in ring 3 and ended; the kernel lives.");
    EXPECT_NE(machine.serial().find(fmt::format("{} programs ran", expectations.size())), std::string::npos);
    for (const auto& [name, expectation] : expectations) {
        const std::string line =
            fmt::format("/ring3/{}: ended by signal {}\r\n", name, signal_of(expectation.vector));
        EXPECT_NE(machine.serial().find(line), std::string::npos) << line;
    }
    EXPECT_EQ(machine.serial().find("EXCEPTION", end), std::string::npos);
    const size_t ticks = machine.int_log().with_vector(0x20).size();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const harness::IntLog log = machine.int_log();
    EXPECT_GT(log.with_vector(0x20).size(), ticks + 10);
    for (const IntEntry& entry : exceptions(log)) EXPECT_EQ(entry.cpl, 3u) << harness::format_entry(entry);
    EXPECT_EQ(log.triple_faults(), 0u);
}

TEST_F(Ring3, FaultsLandOnTheStackThatTheTssNames) {
    const std::map<std::string, Expectation> expectations = read_expectations();
    Machine& machine = start_at_kernel_main();
    harness::GdbStub& gdb = machine.gdb();
    // The first instruction of each handler in question, where only the processor has pushed something yet.
    gdb.run_to(machine.symbols().value("start_userspace"));
    std::map<uint64_t, unsigned> vector_at;
    for (const auto& [name, expectation] : expectations)
        vector_at[read_gate(machine, expectation.vector).offset] = expectation.vector;
    for (const auto& [address, vector] : vector_at) gdb.insert_breakpoint(address);

    // Some programs have a page fault or two before their last one, so this many stops are there at least.
    for (size_t stops = 0; stops < expectations.size(); ++stops) {
        ASSERT_FALSE(next_stop(gdb).exited);
        const Registers registers = gdb.regs();
        ASSERT_TRUE(vector_at.contains(registers.rip)) << machine.symbols().describe(registers.rip);
        const unsigned vector = vector_at[registers.rip];
        const bool has_error_code = vector == 8 || (vector >= 10 && vector <= 14);
        const uint64_t pushed = has_error_code ? 48 : 40;
        const TssView tss = read_tss(machine);
        EXPECT_EQ(registers.rsp, tss.rsp0 - pushed);
        EXPECT_EQ(registers.cs, 0x10u);
        EXPECT_EQ(registers.rflags & 0x200, 0u) << "an interrupt gate clears IF";
        const auto task = task_of_stack(machine, registers.rsp);
        ASSERT_TRUE(task);
        EXPECT_EQ(task->kstack_top, tss.rsp0);
        EXPECT_EQ(task->cr3, registers.cr3) << "the stack of another task";

        // The frame on it tells of ring 3.
        const uint64_t frame = tss.rsp0 - 40;
        EXPECT_EQ(gdb.read_u64(frame + 8), 0x33u);
        EXPECT_EQ(gdb.read_u64(frame + 32), 0x2bu);
        const harness::IntLog log = machine.int_log();
        EXPECT_EQ(log.entries().back().vector, vector);
        // INT3 is a trap: it returns behind itself.
        EXPECT_EQ(gdb.read_u64(frame), log.entries().back().rip + (vector == 3 ? 1 : 0));
        EXPECT_EQ(gdb.read_u64(frame + 24), log.entries().back().rsp);
        if (HasFailure()) return;
    }
}

TEST_F(QuickRing3, HelloIsSeenFromOutside) {
    Machine& machine = start_at_kernel_main();
    harness::GdbStub& gdb = machine.gdb();
    const harness::ElfSymbols hello(built_file("sol1", "programs/ring3/hello"));
    // No other program is long enough to have code at this address.
    const uint64_t breakpoint = hello.value("hello_end") - 1;
    gdb.run_to(breakpoint);
    const Registers registers = gdb.regs();
    ASSERT_EQ(registers.rip, breakpoint);
    EXPECT_EQ(registers.cpl(), 3u);
    EXPECT_EQ(registers.cs, 0x33u);
    EXPECT_EQ(registers.ss, 0x2bu);
    EXPECT_EQ(registers.rflags & 0x3202, 0x202u);
    const auto task = find_task(machine, "hello");
    ASSERT_TRUE(task);
    EXPECT_EQ(registers.cr3, task->cr3);
    EXPECT_EQ(read_tss(machine).rsp0, task->kstack_top);

    EXPECT_EQ(gdb.read(hello.value("hello_data"), 64), std::vector<uint8_t>(64, 0x5a));
    const std::vector<uint64_t> values{
        registers.rax, registers.rcx, registers.rdx, registers.rbx, 0,
        registers.rbp, registers.rsi, registers.rdi, registers.r8,  registers.r9,
        registers.r10, registers.r11, registers.r12, registers.r13, registers.r14,
        registers.r15};
    for (size_t i = 0; i < values.size(); ++i)
        if (i != 4) {
            EXPECT_EQ(values[i], 0x7470'0000'0000'0000 + i);
        }

    // What the kernel saves at the breakpoint is what was there. A tick may come first.
    gdb.run_to(read_gate(machine, 3).offset);
    gdb.run_to(machine.symbols().value("interrupt_dispatch"));
    const uint64_t frame = gdb.regs().rdi;
    EXPECT_EQ(frame, read_tss(machine).rsp0 - 22 * 8);
    EXPECT_EQ(gdb.read_u64(frame), registers.r15);
    EXPECT_EQ(gdb.read_u64(frame + 14 * 8), registers.rax);
    EXPECT_EQ(gdb.read_u64(frame + 15 * 8), 3u);
    EXPECT_EQ(gdb.read_u64(frame + 17 * 8), hello.value("hello_end"));
    const auto breakpoints = machine.int_log().with_vector(3);
    ASSERT_EQ(breakpoints.size(), 1u);
    EXPECT_EQ(breakpoints[0].cpl, 3u);
}

TEST_F(Ring3, ProgramsStartWithNothingOfTheKernelInTheirRegisters) {
    Machine& machine = start_at_kernel_main();
    harness::GdbStub& gdb = machine.gdb();
    const uint64_t entry = harness::ElfSymbols(built_file("sol1", "programs/ring3/cli")).entry();
    gdb.run_to(entry);
    const Registers registers = gdb.regs();
    ASSERT_EQ(registers.rip, entry);
    EXPECT_EQ(registers.cpl(), 3u);
    EXPECT_EQ(registers.rflags & ~uint64_t{0x10000}, 0x202u);
    for (const auto member :
         {&Registers::rax, &Registers::rbx, &Registers::rcx, &Registers::rdx, &Registers::rsi,
          &Registers::rdi, &Registers::rbp, &Registers::r8, &Registers::r9, &Registers::r10, &Registers::r11,
          &Registers::r12, &Registers::r13, &Registers::r14, &Registers::r15, &Registers::fs_base,
          &Registers::gs_base}) {
        EXPECT_EQ(registers.*member, 0u) << harness::format_registers(registers);
    }
    EXPECT_EQ(registers.rsp % 16, 0u);
    EXPECT_EQ(gdb.read_u64(registers.rsp), 1u) << "argc";
}

}  // namespace
