/// @file
/// Everything at once, on several processors, for a while: see userland/tests/soak.cpp for what the programs
/// check. From outside: nothing is lost, nothing is left over, and all processors are still there.
/// Checks docs/invariants/lock-ranks.md.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <regex>
#include <thread>

#include <fmt/format.h>

#include <tests/system/bug_run.h>
#include <tests/system/interrupt_stream.h>
#include <tests/system/kernel_view.h>
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

/// The kernel's books, while nothing but the shell and init is there.
struct Books {
    uint64_t free_frames = 0;  ///< with those that the kernel keeps for stacks to come, and the heap's slabs
    uint64_t heap_bytes = 0;   ///< tasks, inodes, open files, pipes, address spaces, names of files
    size_t tasks = 0;
    bool operator==(const Books&) const = default;
};

void PrintTo(const Books& books, std::ostream* out) {
    *out << books.free_frames << " free frames, " << books.heap_bytes << " bytes on the heap, " << books.tasks
         << " tasks";
}

uint64_t number_from(const char* variable, uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

class SmpSoak : public SystemTest {
  protected:
    void SetUp() override {
        if (solutions().empty() || solutions().back() < "sol6")
            GTEST_SKIP() << "chapter 6 is not in this tree";
        state_ = solutions().back();
    }

    /// A number of the kernel's own, of one of its files.
    uint64_t own_value(const std::string& name) {
        return machine().gdb().read_u64(machine().symbols().value("(anonymous namespace)::" + name));
    }

    /// Reads the kernel's books when as many tasks as before, or fewer, are left: init may still have orphans
    /// to bury.
    Books read_books(ShellSession& shell, size_t tasks_before = 0) {
        Books books;
        uint64_t stacks = 0;
        for (int tries = 0;; ++tries) {
            machine().gdb().interrupt();
            books.tasks = read_tasks(machine()).size();
            books.heap_bytes = own_value("bytes_in_use");
            stacks = own_value("slots_used");
            machine().gdb().resume();
            if (tries == 50 || tasks_before == 0 || books.tasks <= tasks_before) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        const std::string text = shell.run("cat /proc/meminfo");
        std::smatch match;
        if (!std::regex_search(text, match, std::regex("MemFree: +(\\d+) kB[^]*Slab: +(\\d+) kB")))
            ADD_FAILURE() << text;
        // The same objects may lie in more slabs than before, or fewer: those frames are the heap's.
        books.free_frames = (std::stoull(match[1]) + std::stoull(match[2])) / 4;
        // A stack that was needed once stays mapped, for as many tasks at a time as there ever were: its
        // frames, and a page table for each 2 MiB, half of which are guards.
        const uint64_t size = kernel_stack_size(machine());
        const uint64_t a_table = (2 << 20) / (2 * size);
        books.free_frames += stacks * (size / 4096) + (stacks + a_table - 1) / a_table;
        return books;
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
    const Books before = read_books(shell);
    int rounds = 0;
    for (const auto end = Clock::now() + span; rounds == 0 || Clock::now() < end; ++rounds)
        ASSERT_NO_FATAL_FAILURE(run_round(shell, sets, counts)) << "round " << rounds;

    std::cout << "soak: " << rounds << " rounds on " << cpus << " processors\n";
    for (const auto& [name, count] : counts) {
        std::cout << fmt::format("soak {} {}\n", name, count);
        EXPECT_GT(count, 0u) << name;
    }
    EXPECT_EQ(counts.size(), 15u);
    const Books after = read_books(shell, before.tasks);
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
