/// @file
/// Everything at once, on several processors, for a while: see userland/tests/soak.cpp for what the programs
/// check. From outside: nothing is lost, nothing is left over, and all processors are still there.
/// Checks docs/invariants/lock-ranks.md.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <map>
#include <regex>
#include <thread>

#include <fmt/format.h>

#include <tests/system/bug_run.h>
#include <tests/system/interrupt_stream.h>
#include <tests/system/kernel_books.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using Clock = std::chrono::steady_clock;
using Counts = std::map<std::string, uint64_t>;

constexpr unsigned kPageFault = 14;
/// A round of the programs, in seconds by the guest's clock. That one is slow when the host is busy, and the
/// time to be spent is the host's: there are as many rounds as it takes.
constexpr int kRoundSeconds = 3;
constexpr int kMostSets = 4;

class SmpSoak : public SystemTest {
  protected:
    void SetUp() override {
        if (solutions().empty() || solutions().back() < "sol6")
            GTEST_SKIP() << "chapter 6 is not in this tree";
        state_ = solutions().back();
    }

    /// One run of the programs. Adds what they counted to `counts`.
    void run_round(ShellSession& shell, int sets, Counts& counts) {
        const std::string output =
            shell.run(fmt::format("/tests/soak {} {}", kRoundSeconds, sets), harness::Duration(120'000));
        if (!output.ends_with("soak: ok\n"))
            FAIL() << output.substr(output.size() - std::min<size_t>(output.size(), 4000));
        const std::regex count("^soak ([a-z]+) (\\d+)$", std::regex::multiline);
        for (std::sregex_iterator match(output.begin(), output.end(), count), none; match != none; ++match)
            counts[(*match)[1]] += std::stoull((*match)[2]);
    }

    /// Interrupts that each processor takes while all of them idle: the ticks of their timers.
    static void expect_ticks(const InterruptStream& interrupts, size_t cpus) {
        const auto before = interrupts.deliveries_by_tss();
        std::this_thread::sleep_for(std::chrono::seconds(1));
        size_t ticking = 0;
        for (const auto& [tss, count] : interrupts.deliveries_by_tss()) {
            const auto old = before.find(tss);
            if (old != before.end() && count > old->second) ++ticking;
        }
        EXPECT_EQ(ticking, cpus) << "processors whose timers tick";
    }

    std::string state_;
};

TEST_F(SmpSoak, NothingIsLostAndNothingIsLeft) {
    const auto cpus = static_cast<int>(number_from("TRAPLINE_SOAK_CPUS", 4));
    const std::chrono::seconds span(number_from("TRAPLINE_SOAK_SECONDS", 60));
    harness::MachineOptions options = state_options(state_);
    options.cpus = cpus;
    options.memory_mib = 128;
    options.append = "faults=kill";
    options.serial_cap = size_t{256} << 20;  // the kernel says who died of what
    const harness::ElfSymbols symbols(options.kernel);
    const uint64_t copy = symbols.value("user_copy");
    InterruptStream interrupts([copy](unsigned vector, uint64_t address) {
        return vector == kPageFault && address >= copy && address < copy + 16;
    });
    interrupts.use_for(options);

    ShellSession shell(start(options));
    machine().gdb();
    machine().gdb().resume();
    const int sets = std::min(cpus, kMostSets);
    Counts warm_up, counts;
    ASSERT_NO_FATAL_FAILURE(run_round(shell, sets, warm_up));
    const Books before = read_books(machine(), shell);
    int rounds = 0;
    for (const auto end = Clock::now() + span; rounds == 0 || Clock::now() < end; ++rounds)
        ASSERT_NO_FATAL_FAILURE(run_round(shell, sets, counts)) << "round " << rounds;

    std::cout << "soak: " << rounds << " rounds on " << cpus << " processors\n";
    for (const auto& [name, count] : counts) {
        std::cout << fmt::format("soak {} {}\n", name, count);
        EXPECT_GT(count, 0u) << name;
    }
    EXPECT_EQ(counts.size(), 15u);
    const Books after = read_books(machine(), shell, before.tasks);
    EXPECT_EQ(after, before);
    EXPECT_EQ(shell.run("ls /tmp"), "");

    for (const auto& [vector, count] : interrupts.deliveries())
        std::cout << fmt::format("vector {:#x}: {} times\n", vector, count);
    EXPECT_EQ(interrupts.suspects(), std::vector<std::string>());
    const std::string serial = machine().serial();
    EXPECT_EQ(serial.find("PANIC"), std::string::npos);
    EXPECT_EQ(serial.find("EXCEPTION"), std::string::npos);
    const std::string first = shell.run("cat /proc/uptime");
    expect_ticks(interrupts, static_cast<size_t>(cpus));
    EXPECT_NE(shell.run("cat /proc/uptime"), first) << "the clock stands still";
    EXPECT_EQ(shell.run("echo alive | cat"), "alive\n");
}

}  // namespace
