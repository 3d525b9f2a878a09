/// @file
/// The QEMU harness tried on a tiny guest of its own, so that a failing kernel test can be believed.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <thread>

#include <tests/harness/machine.h>
#include <tests/harness/page_tables.h>
#include <tests/harness/report.h>
#include <tests/harness/text.h>
#include <tests/system/harness_guest.h>

namespace {

using harness::Duration;
using harness::ExitStatus;
using harness::InfrastructureError;
using harness::Machine;
using harness::MachineOptions;
using harness::Stop;
using harness::Timeout;
using harness::TimeoutReason;

constexpr Duration kShort(600);

bool process_exists(pid_t pid) {
    return kill(pid, 0) == 0;
}

void run_tool(const std::vector<std::string>& command) {
    ASSERT_EQ(std::system(harness::shell_quote(command).c_str()), 0) << command.front();
}

class HarnessTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        folder_ = std::make_unique<harness::TempFolder>();
        const std::string source = *folder_ / "guest.S";
        const std::string object = *folder_ / "guest.o";
        std::ofstream(source) << kHarnessGuestSource;
        run_tool({"x86_64-linux-gnu-as", source, "-o", object});
        run_tool({"x86_64-linux-gnu-ld", "-N", "--no-warn-rwx-segments", "-Ttext", "0x100000", "-e", "_start",
                  object, "-o", guest()});
    }
    static void TearDownTestSuite() { folder_.reset(); }

    static std::string guest() { return *folder_ / "guest.elf"; }
    static MachineOptions options() {
        MachineOptions result;
        result.kernel = guest();
        return result;
    }

    static inline std::unique_ptr<harness::TempFolder> folder_;
};

/// Runs `wait` and returns the reason of the Timeout that it must throw.
template <class Wait>
TimeoutReason reason_of(Wait wait) {
    try {
        wait();
    } catch (const Timeout& timeout) {
        EXPECT_NE(std::string(timeout.what()).find(describe(timeout.reason())), std::string::npos);
        return timeout.reason();
    }
    throw std::runtime_error("the wait succeeded");
}

TEST_F(HarnessTest, CapturesAndTypesBinary) {
    Machine machine(options());
    size_t at = machine.wait_for("READY\n");
    EXPECT_EQ(at, machine.serial().find("READY\n") + 6);

    machine.send("hello");
    at = machine.wait_for("hello", at);
    std::string all(256, '\0');
    std::iota(all.begin(), all.end(), '\0');
    machine.send("B.");
    at = machine.wait_for(".", at + 256);
    EXPECT_EQ(machine.serial().substr(at - 257, 256), all);

    // More than any buffer on the way holds.
    std::string essay(20'000, 'q');
    essay += '#';
    machine.send(essay);
    machine.wait_for(essay, at);
    EXPECT_EQ(machine.serial_dropped(), 0u);
    EXPECT_EQ(machine.serial_typed(), 5u + 2u + essay.size());
}

TEST_F(HarnessTest, ReportsWhichTextCameFirst) {
    Machine machine(options());
    const size_t ready = machine.wait_for("READY\n");
    machine.send("abcdef");
    const harness::SerialMatch match = machine.wait_for_any({"f", "cd", "zz"}, ready);
    EXPECT_EQ(match.index, 1u);
    EXPECT_EQ(match.end, ready + 4);
}

TEST_F(HarnessTest, FloodIsReportedAndMemoryBounded) {
    MachineOptions small = options();
    small.serial_cap = 10'000;
    Machine machine(small);
    machine.wait_for("READY\n");
    machine.send("F");
    EXPECT_EQ(reason_of([&] { machine.wait_for("never"); }), TimeoutReason::kSerialFlood);
    EXPECT_EQ(machine.serial().size(), small.serial_cap);
    EXPECT_GT(machine.serial_dropped(), 0u);
}

TEST_F(HarnessTest, TimeoutSaysWhy) {
    Machine machine(options());
    machine.wait_for("READY\n");
    try {
        machine.send("last words\n");
        machine.wait_for("never", 0, kShort);
        FAIL() << "the wait succeeded";
    } catch (const Timeout& timeout) {
        EXPECT_EQ(timeout.reason(), TimeoutReason::kNoProgress);
        EXPECT_EQ(timeout.tail(), "READY\nlast words\n");
    }
    machine.qmp().stop();
    EXPECT_EQ(reason_of([&] { machine.wait_for("never"); }), TimeoutReason::kGuestStopped);
    machine.qmp().cont();
    machine.send("H");
    EXPECT_EQ(reason_of([&] { machine.wait_for("never"); }), TimeoutReason::kGuestHalted);
    EXPECT_EQ(reason_of([&] { machine.wait_exit(); }), TimeoutReason::kGuestHalted);
}

TEST_F(HarnessTest, SilentSpinningGuestRunsIntoTheLimit) {
    Machine machine(options());
    machine.wait_for("READY\n");
    machine.send("S");
    EXPECT_EQ(reason_of([&] { machine.wait_exit(kShort); }), TimeoutReason::kNoProgress);
}

TEST_F(HarnessTest, TellsHowTheMachineEnded) {
    const auto end_after = [](const char* letter) {
        Machine machine(options());
        machine.wait_for("READY\n");
        machine.send(letter);
        const ExitStatus status = machine.wait_exit();
        EXPECT_FALSE(machine.running());
        EXPECT_EQ(reason_of([&] { machine.wait_for("never"); }), TimeoutReason::kQemuExited);
        return status;
    };
    EXPECT_EQ(end_after("P").kind, ExitStatus::Kind::kPowerOff);
    EXPECT_EQ(end_after("R").kind, ExitStatus::Kind::kReset);
    EXPECT_EQ(end_after("T").kind, ExitStatus::Kind::kTripleFault);
    const ExitStatus forged = end_after("X");
    EXPECT_EQ(forged.kind, ExitStatus::Kind::kDebugExit);
    EXPECT_EQ(forged.code, 0x21);
}

TEST_F(HarnessTest, AKilledQemuIsNoVerdict) {
    Machine machine(options());
    machine.wait_for("READY\n");
    kill(machine.pid(), SIGKILL);
    const ExitStatus status = machine.wait_exit();
    EXPECT_EQ(status.kind, ExitStatus::Kind::kKilled);
    EXPECT_EQ(status.code, SIGKILL);
    EXPECT_THROW(machine.qmp().execute("query-status"), harness::QemuGone);
}

TEST_F(HarnessTest, LeavesNoProcessAndNoFolder) {
    pid_t pid = 0;
    std::filesystem::path folder;
    try {
        Machine machine(options());
        pid = machine.pid();
        folder = machine.folder();
        EXPECT_TRUE(process_exists(pid));
        EXPECT_TRUE(std::filesystem::exists(folder));
        throw std::runtime_error("a test that fails half-way");
    } catch (const std::runtime_error&) {
    }
    EXPECT_FALSE(process_exists(pid));
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(HarnessTest, QemuDiesWithTheThreadThatStartedIt) {
    // A test program that is killed runs no destructor; a thread that ends before it does stands for one.
    std::unique_ptr<Machine> machine;
    std::thread([&] { machine = std::make_unique<Machine>(options()); }).join();
    EXPECT_EQ(machine->wait_exit().kind, ExitStatus::Kind::kKilled);
}

/// The message of the InfrastructureError that starting a machine must throw.
std::string start_error(const MachineOptions& options) {
    try {
        Machine machine(options);
    } catch (const InfrastructureError& error) {
        return error.what();
    }
    throw std::runtime_error("the machine started");
}

TEST_F(HarnessTest, StartFailuresAreReadable) {
    MachineOptions wrong = options();
    wrong.qemu_binary = "qemu-system-none";
    EXPECT_EQ(start_error(wrong), "cannot run 'qemu-system-none': No such file or directory");

    wrong = options();
    wrong.kernel = "no/such/kernel.elf";
    EXPECT_EQ(start_error(wrong), "kernel no/such/kernel.elf does not exist; build it first");

    wrong = options();
    wrong.extra = {"-device", "no-such-device"};
    EXPECT_NE(start_error(wrong).find("'no-such-device' is not a valid device"), std::string::npos);

    wrong = options();
    const std::string text_file = *folder_ / "guest.S";
    wrong.kernel = text_file;
    EXPECT_NE(start_error(wrong).find("QEMU ended at its start; QEMU said: "), std::string::npos);
}

TEST_F(HarnessTest, DebuggerReadsAndWritesState) {
    Machine machine(options());
    machine.wait_for("READY\n");
    harness::GdbStub& gdb = machine.gdb();  // attached to a running guest
    EXPECT_EQ(gdb.run_to(machine.symbols().value("poll")).signal, SIGTRAP);

    const harness::Registers registers = gdb.regs();
    EXPECT_EQ(registers.cs, 8u);
    EXPECT_EQ(registers.cpl(), 0u);
    EXPECT_EQ(registers.cr3, machine.symbols().value("pml4"));
    EXPECT_EQ(registers.cr4, 0x20u);
    EXPECT_EQ(registers.efer, 0xd00u);
    EXPECT_EQ(machine.symbols().describe(registers.rip), "poll+0x0");
    for (const harness::RegisterField& field : harness::register_fields()) {
        EXPECT_EQ(gdb.read_register(field.name), registers.*field.member) << field.name;
    }

    gdb.write_register("r11", 0x1122334455667788);
    EXPECT_EQ(gdb.regs().r11, 0x1122334455667788u);

    const uint64_t counter = machine.symbols().value("counter");
    EXPECT_EQ(gdb.read_u64(counter), 41u);
    gdb.write_u64(counter, 99);
    EXPECT_EQ(gdb.read_u64(counter), 99u);
    EXPECT_EQ(gdb.read_u8(counter), 99u);
    const auto code = machine.symbols().bytes_at(0x100000, 3000);
    EXPECT_EQ(gdb.read(0x100000, 300), std::vector<uint8_t>(code.begin(), code.begin() + 300));

    // The higher half maps it once more; physical memory has no higher half.
    EXPECT_EQ(gdb.read(0xffffffff80200000, 16), gdb.read_physical(0x100000, 16));
    EXPECT_THROW(gdb.read(0xffffffff90000000, 8), harness::RequestRefused);
    EXPECT_EQ(gdb.read_u64(counter), 99u);  // virtual again after the physical read
}

TEST_F(HarnessTest, DebuggerStopsStepsAndWatches) {
    Machine machine(options());
    machine.wait_for("READY\n");
    harness::GdbStub& gdb = machine.gdb();
    const uint64_t write = machine.symbols().value("counter_write");
    const uint64_t counter = machine.symbols().value("counter");

    for (const auto kind : {harness::Breakpoint::kHardware, harness::Breakpoint::kSoftware}) {
        gdb.insert_breakpoint(write, kind);
        machine.send("W");
        gdb.resume();
        EXPECT_THROW(gdb.regs(), std::logic_error);
        const Stop stop = gdb.wait_stop();
        EXPECT_EQ(stop.signal, SIGTRAP);
        EXPECT_FALSE(stop.watch_address);
        EXPECT_EQ(gdb.regs().rip, write);
        gdb.remove_breakpoint(write, kind);

        const uint64_t before = gdb.read_u64(counter);
        EXPECT_EQ(gdb.step().signal, SIGTRAP);
        EXPECT_EQ(gdb.regs().rip, machine.symbols().value("after_counter_write"));
        EXPECT_EQ(gdb.read_u64(counter), before + 1);
    }

    gdb.insert_watchpoint(counter, 8);
    machine.send("W");
    gdb.resume();
    const Stop stop = gdb.wait_stop();
    EXPECT_EQ(stop.watch_address, counter);
    EXPECT_EQ(gdb.regs().rip, machine.symbols().value("after_counter_write"));
    gdb.remove_all();

    // Nothing to stop for: the guest runs on and can be interrupted.
    machine.send("W");
    gdb.resume();
    EXPECT_EQ(reason_of([&] { gdb.wait_stop(kShort); }), TimeoutReason::kNoStop);
    EXPECT_EQ(gdb.interrupt().signal, SIGINT);
    EXPECT_EQ(gdb.read_u64(counter), 45u);

    const size_t at = machine.serial_position();
    gdb.detach();
    machine.send("z");
    machine.wait_for("z", at);
    EXPECT_EQ(machine.gdb().read_u64(counter), 45u);  // a new session
}

TEST_F(HarnessTest, PausedGuestIsDebuggedFromItsFirstInstruction) {
    MachineOptions paused = options();
    paused.start_paused = true;
    paused.cpus = 2;
    Machine machine(paused);
    EXPECT_EQ(machine.qmp().status(), "prelaunch");
    harness::GdbStub& gdb = machine.gdb();
    EXPECT_EQ(gdb.regs().rip, 0xfff0u);
    EXPECT_EQ(gdb.cpu_count(), 2u);
    const Stop stop = gdb.run_to(machine.symbols().value("long_mode"));
    EXPECT_EQ(stop.cpu, 0u);
    EXPECT_EQ(gdb.regs().rip, machine.symbols().value("long_mode"));
    EXPECT_EQ(machine.serial(), "");
    gdb.select_cpu(1);
    EXPECT_NE(gdb.regs().rip, machine.symbols().value("long_mode"));
}

TEST_F(HarnessTest, DebuggerSeesTheEndOfQemu) {
    Machine machine(options());
    machine.wait_for("READY\n");
    harness::GdbStub& gdb = machine.gdb();
    gdb.resume();
    machine.send("P");
    EXPECT_TRUE(gdb.wait_stop().exited);
    EXPECT_EQ(machine.wait_exit().kind, ExitStatus::Kind::kPowerOff);
}

TEST_F(HarnessTest, NmiArrivesAtTheInstructionWhereItWasInjected) {
    Machine machine(options());
    machine.wait_for("READY\n");
    harness::GdbStub& gdb = machine.gdb();
    const uint64_t count = machine.symbols().value("nmi_count");
    machine.send("W");
    gdb.run_to(machine.symbols().value("counter_write"));
    EXPECT_EQ(gdb.read_u64(count), 0u);
    machine.qmp().inject_nmi();
    gdb.run_to(machine.symbols().value("after_counter_write"));
    EXPECT_EQ(gdb.read_u64(count), 1u);
    const auto nmis = machine.int_log().with_vector(2);
    ASSERT_EQ(nmis.size(), 1u);
    EXPECT_EQ(nmis[0].rip, machine.symbols().value("counter_write"));
    EXPECT_EQ(nmis[0].cr3, machine.symbols().value("pml4"));
    EXPECT_EQ(nmis[0].cs, 8u);
}

TEST_F(HarnessTest, InterruptLogShowsExceptions) {
    Machine machine(options());
    const size_t ready = machine.wait_for("READY\n");
    machine.send("I");
    machine.wait_for("i", ready);
    machine.send("T");
    machine.wait_exit();
    const harness::IntLog log = machine.int_log();
    ASSERT_EQ(log.with_vector(3).size(), 1u);
    EXPECT_TRUE(log.with_vector(3)[0].is_int);
    // Without an IDT the #UD can't be delivered, nor the #GP that follows, nor the #DF after that.
    ASSERT_GE(log.entries().size(), 3u);
    EXPECT_EQ(log.entries().end()[-3].vector, 6u);
    EXPECT_EQ(log.entries().end()[-2].vector, 13u);
    EXPECT_EQ(log.entries().end()[-1].vector, 8u);
    EXPECT_EQ(log.triple_faults(), 1u);
    EXPECT_GE(log.resets(), 1u);
}

TEST_F(HarnessTest, PageTablesAreReadAsTheProcessorReadsThem) {
    Machine machine(options());
    machine.wait_for("READY\n");
    harness::PageTables tables(machine.gdb(), machine.gdb().regs().cr3);
    const std::vector<harness::Mapping> expected = {
        {0, 0, 1 << 30, true, true, false},
        {0xc0000000, 0xc0000000, 1 << 30, true, false, false},
        {0xffffffff80000000, 0x200000, 2 << 20, true, false, false},
        {0xffffffff80200000, 0x100000, 4096, false, false, false},
        {0xffffffff80201000, 0x101000, 4096, true, false, true},
    };
    EXPECT_EQ(tables.mappings(), expected);
    EXPECT_EQ(tables.lookup(0xffffffff80201234), expected[4]);
    EXPECT_EQ(tables.lookup(0xffffffff80202000), std::nullopt);
}

TEST_F(HarnessTest, IcountRunsAreTheSame) {
    const auto registers_at_ready = [] {
        MachineOptions exact = options();
        exact.icount_shift = 0;
        exact.start_paused = true;
        Machine machine(exact);
        machine.gdb().run_to(machine.symbols().value("main_loop"));
        // The time stamp counter counts instructions, so it is the best witness.
        return machine.qmp().human_monitor_command("info registers") +
               machine.qmp().human_monitor_command("info rtc");
    };
    EXPECT_EQ(registers_at_ready(), registers_at_ready());
}

TEST_F(HarnessTest, FailureReportShowsTheState) {
    Machine machine(options());
    machine.wait_for("READY\n");
    machine.send("H");
    EXPECT_EQ(reason_of([&] { machine.wait_exit(); }), TimeoutReason::kGuestHalted);
    std::string report = harness::failure_report(machine);
    for (const char* expected :
         {"CPU 0, ring 0, at halt+0x2, bytes: eb fc", "cr3=", "READY", "0 triple faults",
          "qemu-system-x86_64 -accel tcg", "(the test typed 1 bytes)"}) {
        EXPECT_NE(report.find(expected), std::string::npos) << expected << " is missing in " << report;
    }

    kill(machine.pid(), SIGKILL);
    machine.wait_exit();
    report = harness::failure_report(machine);
    EXPECT_NE(report.find("signal 9 killed QEMU"), std::string::npos) << report;
}

TEST_F(HarnessTest, ReproductionCommandRepeatsTheRun) {
    MachineOptions quoted = options();
    quoted.append = "it's a test";
    Machine machine(quoted);
    machine.wait_for("READY\n");
    const std::string output = *folder_ / "repeated";
    const std::string command =
        "timeout -k 1 2 " + machine.reproduction() + " </dev/null >" + output + " 2>&1";
    // The guest waits for input, so the time limit ends it.
    EXPECT_NE(std::system(command.c_str()), 0);
    std::ifstream file(output);
    std::string line;
    std::getline(file, line);
    EXPECT_EQ(line, "READY") << command;
}

}  // namespace
