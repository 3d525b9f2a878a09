/// @file
/// Millions of system calls that nobody would make: userland/tests/fuzz.cpp makes them and checks what a
/// program can see. From outside: no exception in ring 0 but what bad pointers cause, and the kernel's books
/// are as before. `make fuzz` runs the first test for long; its variables come in the environment.
#include <gtest/gtest.h>

#include <iostream>
#include <regex>

#include <fmt/format.h>

#include <tests/system/bug_run.h>
#include <tests/system/kernel_books.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

constexpr char kState[] = "sol6";

/// A run of the fuzzer.
struct Plan {
    uint64_t calls = 200'000;
    uint64_t seed = 1;
    uint64_t first = 0;
    int cpus = 1;
};

class FuzzTest : public SystemTest {
  protected:
    void SetUp() override { REQUIRE_STATE(kState); }

    /// Types the command and shows what it prints, a line at a time. Returns all of it. `last_call` becomes
    /// the last number of a call that the program said it had come to.
    std::string run_shown(ShellSession& shell, const Plan& plan, uint64_t& last_call) {
        const size_t begin =
            shell.start(fmt::format("/tests/fuzz {} {} {} {}", plan.calls, plan.seed, plan.cpus, plan.first));
        const std::string at_call = "fuzz: at call ";
        for (size_t line = begin;;) {
            const harness::SerialMatch found =
                machine().wait_for_any({"\n", kPrompt, "PANIC"}, line, harness::Duration(120'000));
            if (found.index == 1) break;
            const std::string text = plain_lines(machine().serial().substr(line, found.end - line));
            line = found.end;
            if (text.starts_with("fuzz: ")) std::cout << text << std::flush;
            if (text.starts_with(at_call)) last_call = std::stoull(text.substr(at_call.size()));
            if (found.index == 2) {
                machine().wait_for("Backtrace:", line);
                break;
            }
        }
        if (machine().serial().find("PANIC") != std::string::npos) return machine().serial().substr(begin);
        return shell.finish();
    }

    /// The whole run, with its checks from outside.
    void check(harness::MachineOptions options, const Plan& plan) {
        options.cpus = plan.cpus;
        options.append = "faults=kill";
        options.serial_cap = size_t{256} << 20;  // the kernel says who died of what
        options.int_log = false;                 // it would hold each tick of a long run
        ShellSession shell(start(options));
        machine().gdb();
        machine().gdb().resume();

        // A batch for each worker first: what the kernel keeps for later is there then.
        const size_t tasks = read_books(machine(), shell).tasks;
        const std::string warm_up = shell.run(fmt::format("/tests/fuzz {} 0 {}", 2000 * plan.cpus, plan.cpus),
                                              harness::Duration(60'000));
        ASSERT_TRUE(warm_up.ends_with("fuzz: ok\n")) << warm_up;
        const Books before = read_books(machine(), shell, tasks);

        uint64_t reached = plan.first;
        std::string output;
        try {
            output = run_shown(shell, plan, reached);
        } catch (const harness::Timeout& timeout) {
            output = timeout.what();
        }
        if (!output.ends_with("fuzz: ok\n"))
            FAIL() << output << "\nCalls up to number " << reached << " had passed. Once more from there: "
                   << fmt::format("make fuzz SEED={} FIRST={} CALLS={} CPUS={}", plan.seed, reached,
                                  plan.first + plan.calls - reached, plan.cpus);
        std::smatch match;
        ASSERT_TRUE(std::regex_search(output, match, std::regex("fuzz: (\\d+) calls by (\\d+) processes")));
        EXPECT_EQ(std::stoull(match[1]), plan.calls);
        EXPECT_TRUE(std::regex_search(output, match, std::regex("of which (\\d+) succeeded")));
        if (plan.calls >= 40'000) {
            EXPECT_GT(std::stoi(match[1]), 45);
        }

        const Books after = read_books(machine(), shell, before.tasks);
        EXPECT_EQ(after, before);
        EXPECT_EQ(shell.run("ls /tmp"), "");
        EXPECT_EQ(shell.run("echo alive | cat"), "alive\n");
        if (!HasFailure())
            std::cout << "fuzz: panics 0, leaks 0, " << after.free_frames << " frames free as before\n";
    }
};

class Fuzz : public FuzzTest {};

TEST_F(Fuzz, CallsKeepTheAbiAndLeaveNothing) {
    Plan plan;
    plan.calls = number_from("TRAPLINE_FUZZ_CALLS", plan.calls);
    plan.seed = number_from("TRAPLINE_FUZZ_SEED", plan.seed);
    plan.first = number_from("TRAPLINE_FUZZ_FIRST", plan.first);
    plan.cpus = static_cast<int>(number_from("TRAPLINE_FUZZ_CPUS", 1));
    check(state_options(kState), plan);
}

/// With the kernel that checks its locks.
TEST_F(Fuzz, OnFourProcessors) {
    check(variant_options("lock_checks", kState), {.calls = 60'000, .seed = 4, .cpus = 4});
}

/// The fuzzer, on kernels with mistakes: those of tests/ablations/fuzz.
class FuzzFinds : public FuzzTest {
  protected:
    /// What comes of `calls` calls on `kernel`.
    std::string run_on(const std::string& kernel, uint64_t calls) {
        harness::MachineOptions options = variant_options(kernel, kState, "faults=kill");
        options.int_log = false;
        ShellSession shell(start(options));
        uint64_t reached = 0;
        return run_shown(shell, {.calls = calls}, reached);
    }
};

TEST_F(FuzzFinds, ALostRegister) {
    const std::string output = run_on("register_lost", 4000);
    EXPECT_NE(output.find("r12 is 0x0, not 0x"), std::string::npos) << output;
    EXPECT_TRUE(std::regex_search(
        output, std::regex("fuzz: FAILED: seed 1, call \\d+, number 0x[0-9a-f]+: .*; again: "
                           "make fuzz SEED=1 FIRST=\\d+ CALLS=2000\n")))
        << output;
}

TEST_F(FuzzFinds, AnAddressOfTheKernelInMemory) {
    const std::string output = run_on("address_told", 20'000);
    EXPECT_TRUE(std::regex_search(output, std::regex("stat.*the kernel left 0xffff[0-9a-f]+ at byte")))
        << output;
    EXPECT_NE(output.find("fuzz: FAILED"), std::string::npos);
}

TEST_F(FuzzFinds, APointerThatIsNotChecked) {
    const std::string output = run_on("pointer_unchecked", 20'000);
    EXPECT_NE(output.find("is no place to write to\n"), std::string::npos) << output;
    EXPECT_NE(output.find("fuzz: FAILED"), std::string::npos);
}

/// Nothing that a program could see.
TEST_F(FuzzFinds, LostMemory) {
    harness::MachineOptions options = variant_options("file_lost", kState, "faults=kill");
    options.int_log = false;
    ShellSession shell(start(options));
    machine().gdb();
    machine().gdb().resume();
    const size_t tasks = read_books(machine(), shell).tasks;
    shell.run("/tests/fuzz 2000 0");
    const Books before = read_books(machine(), shell, tasks);
    EXPECT_TRUE(shell.run("/tests/fuzz 60000", harness::Duration(60'000)).ends_with("fuzz: ok\n"));
    const Books after = read_books(machine(), shell, before.tasks);
    EXPECT_GT(after.heap_bytes, before.heap_bytes);
}

}  // namespace
