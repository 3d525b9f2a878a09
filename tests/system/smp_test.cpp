/// @file
/// Chapter 6: several processors, each with what must be its own, all of them at work, and stopped together.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <regex>
#include <set>
#include <thread>

#include <fmt/format.h>

#include <tests/system/bug_run.h>
#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using harness::Machine;

/// One processor, from QEMU's "info registers -a".
struct ProcessorView {
    uint64_t tss = 0;
    uint64_t gdt = 0;
    uint64_t rflags = 0;
    bool halted = false;
};

uint64_t hex(const std::string& digits) {
    return std::stoull(digits, nullptr, 16);
}

std::string first_group(const std::string& text, const std::string& pattern) {
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(pattern)))
        throw std::runtime_error("no " + pattern + " in\n" + text);
    return match[1];
}

std::vector<ProcessorView> read_processors(Machine& machine) {
    const std::string all = machine.qmp().human_monitor_command("info registers -a");
    std::vector<ProcessorView> processors;
    for (size_t at = all.find("CPU#"); at != std::string::npos;) {
        const size_t next = all.find("CPU#", at + 1);
        const std::string text = all.substr(at, next - at);
        processors.push_back({hex(first_group(text, "TR =\\S+ (\\S+)")),
                              hex(first_group(text, "GDT= +(\\S+)")), hex(first_group(text, "FL=(\\S+)")),
                              first_group(text, "HLT=(\\d)") == "1"});
        at = next;
    }
    return processors;
}

class SmpTest : public SystemTest {
  protected:
    void SetUp() override { REQUIRE_STATE("sol6"); }

    Machine& boot_with(int processors, const std::string& command_line = "") {
        harness::MachineOptions options = state_options("sol6");
        options.cpus = processors;
        options.append = command_line;
        start(options).wait_for(kPrompt);
        return machine();
    }

    /// Waits until every processor is in HLT with interrupts off.
    void expect_all_stopped() {
        harness::ProgressTimer timer(machine().pid(), harness::Duration(5'000));
        for (;;) {
            const auto processors = read_processors(machine());
            const auto runs = [](const ProcessorView& p) { return !p.halted || p.rflags & 0x200; };
            if (std::none_of(processors.begin(), processors.end(), runs)) return;
            ASSERT_FALSE(timer.expired()) << "a processor runs on";
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
};

class SmpCount : public SmpTest, public testing::WithParamInterface<int> {};

TEST_P(SmpCount, EachProcessorHasItsOwnTables) {
    boot_with(GetParam());
    if (machine().gdb().running()) machine().gdb().interrupt();
    const auto processors = read_processors(machine());
    ASSERT_EQ(processors.size(), static_cast<size_t>(GetParam()));
    const uint64_t cpu_offset = machine().symbols().value("OFFSETOF_ProcessorControlRegion_cpu");
    std::set<uint64_t> regions, segments, tables, stacks;
    std::set<uint32_t> numbers;
    for (unsigned i = 0; i < processors.size(); ++i) {
        const ProcessorView& processor = processors[i];
        machine().gdb().select_cpu(i);
        // In ring 3 the PCR is behind KERNEL_GS_BASE; the programs that run now leave their own base at 0.
        const uint64_t gs_base = machine().gdb().read_register("gs_base");
        const uint64_t region = gs_base ? gs_base : machine().gdb().read_register("k_gs_base");
        regions.insert(region);
        segments.insert(processor.tss);
        tables.insert(processor.gdt);
        EXPECT_EQ(machine().gdb().read_u64(region), region) << "PCR.self";
        numbers.insert(machine().gdb().read_u32(region + cpu_offset));
        // IST 1 to 4, at offset 36 of the TSS.
        for (uint64_t n = 0; n < 4; ++n) stacks.insert(machine().gdb().read_u64(processor.tss + 36 + 8 * n));
    }
    const size_t count = processors.size();
    EXPECT_EQ(regions.size(), count);
    EXPECT_EQ(segments.size(), count);
    EXPECT_EQ(tables.size(), count);
    EXPECT_EQ(stacks.size(), 4 * count) << "interrupt stacks";
    EXPECT_EQ(stacks.count(0), 0u);
    EXPECT_EQ(numbers.size(), count);
    EXPECT_EQ(*numbers.rbegin(), count - 1);
}

TEST_P(SmpCount, EachProcessorRunsPrograms) {
    boot_with(GetParam());
    ShellSession shell(machine());
    std::string line;
    for (int i = 0; i < GetParam(); ++i) line += "/tests/spin & ";
    shell.run(line);
    std::set<std::string> busy;
    std::string processes;
    harness::ProgressTimer timer(machine().pid(), harness::Duration(10'000));
    while (busy.size() < static_cast<size_t>(GetParam()) && !timer.expired()) {
        processes = shell.run("ps");
        busy.clear();
        const std::regex spin("\\n +\\d+ +\\d+ +\\d+ R +(\\d+) +[1-9]\\d* spin");
        for (std::sregex_iterator it(processes.begin(), processes.end(), spin), end; it != end; ++it)
            busy.insert((*it)[1]);
    }
    EXPECT_EQ(busy.size(), static_cast<size_t>(GetParam())) << processes;
}

INSTANTIATE_TEST_SUITE_P(, SmpCount, testing::Values(2, 4, 8), testing::PrintToStringParamName());

class Smp : public SmpTest {};

TEST_F(Smp, TheClockIsOneProcessors) {
    boot_with(4);
    ShellSession shell(machine());
    const auto uptime = [&] { return std::stod(shell.run("cat /proc/uptime")); };
    // Read inside the interval that the host measures, so the guest's can only be shorter.
    const auto start = std::chrono::steady_clock::now();
    const double before = uptime();
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    const double after = uptime();
    const std::chrono::duration<double> host = std::chrono::steady_clock::now() - start;
    EXPECT_GT(after, before);
    EXPECT_LE(after - before, host.count() * 1.05 + 0.02) << "do other processors advance the clock too?";
}

TEST_F(Smp, AProcessorThatDoesNotAnswerIsLeftOut) {
    harness::MachineOptions options = state_options("sol6");
    options.cpus = 3;
    options.start_paused = true;
    start(options);
    // The firmware's list with an id that nobody has in place of the second processor's.
    harness::GdbStub& gdb = machine().gdb();
    gdb.run_to(machine().symbols().value("_Z16start_processorsj"));
    const uint64_t list = machine().symbols().value("_ZN12_GLOBAL__N_110processorsE");
    const auto ids = gdb.read(list, 3);
    ASSERT_EQ(ids, (std::vector<uint8_t>{0, 1, 2})) << "not the list of processors";
    const uint8_t nobody = 77;
    gdb.write(list + 1, {&nobody, 1});
    gdb.detach();
    machine().wait_for("Processor with APIC id 77: left out, it does not answer");
    machine().wait_for("2 processors");
    ShellSession shell(machine());
    EXPECT_EQ(shell.run("echo still here"), "still here\n");
    EXPECT_EQ(read_processors(machine()).size(), 3u);
}

TEST_F(Smp, APanicStopsAll) {
    // In chapter 3's manner a program's fault stops the machine: on whatever processor it runs.
    for (int i = 0; i < 3; ++i) {
        boot_with(4, "faults=stop");
        ShellSession shell(machine());
        shell.run("/tests/spin & /tests/spin & /tests/spin &");
        const size_t from = shell.start("/ring3/ud2");
        machine().wait_for("EXCEPTION", from);
        wait_for_halt(machine());
        expect_all_stopped();
        if (machine().gdb().running()) machine().gdb().interrupt();
        const auto task = find_task(machine(), "ud2");
        ASSERT_TRUE(task.has_value());
        const uint32_t processor =
            machine().gdb().read_u32(task->address + machine().symbols().value("OFFSETOF_Task_processor"));
        EXPECT_NE(machine().serial().find(fmt::format("CPU={}\r\n", processor), from), std::string::npos)
            << "the report names another processor than " << processor;
    }
}

TEST_F(Smp, PowerOffStopsAll) {
    boot_with(4, "");
    ShellSession shell(machine());
    shell.run("/tests/spin & /tests/spin & /tests/spin &");
    shell.start("poweroff");
    EXPECT_NE(machine().wait_exit().kind, harness::ExitStatus::Kind::kKilled);
}

}  // namespace
