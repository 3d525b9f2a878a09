/// @file
/// Hostile programs from outside: whatever they do, the kernel loses nothing, and what it has to end it
/// names. What they do themselves, and that each dies as it should, is in userland/tests, and part of the
/// suite Programs.
#include <gtest/gtest.h>

#include <regex>

#include <tests/system/kernel_books.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

class HostileTest : public SystemTest {
  protected:
    ShellSession boot_shell(const std::string& state) {
        harness::MachineOptions options = state_options(state);
        options.append = "faults=kill";
        options.int_log = false;  // of thousands of deaths
        ShellSession shell(start(options));
        machine().gdb();
        machine().gdb().resume();
        return shell;
    }

    /// Runs `command` twice. The second time it must leave the kernel's books as they were: what is kept for
    /// later is there by then. Returns what the second run printed.
    std::string run_without_loss(ShellSession& shell, const std::string& command) {
        std::string output;
        Books before = read_books(machine(), shell);
        for (int round = 0; round < 2; ++round) {
            if (round == 1) before = read_books(machine(), shell, before.tasks);
            output = shell.run("/tests/" + command, harness::Duration(60'000));
            EXPECT_TRUE(output.ends_with(": ok\n")) << output;
        }
        EXPECT_EQ(read_books(machine(), shell, before.tasks), before);
        EXPECT_EQ(machine().serial().find("PANIC"), std::string::npos);
        EXPECT_EQ(shell.run("echo alive | cat"), "alive\n");
        return output;
    }
};

/// What hundreds of processes cost that end at once, several processors pay again by waiting for each other's
/// locks: there Programs.AllPass has them do it, once.
class HostileOnOneProcessor : public HostileTest {};

TEST_F(HostileOnOneProcessor, MemoryRunsOutAndTheVictimIsNamed) {
    REQUIRE_STATE("sol6");
    ShellSession shell = boot_shell("sol6");
    const std::string output = run_without_loss(shell, "hogs");
    const std::regex victim("out of memory: killed hogs \\(pid \\d+\\)\n");
    EXPECT_EQ(
        std::distance(std::sregex_iterator(output.begin(), output.end(), victim), std::sregex_iterator()), 3)
        << output;
    EXPECT_EQ(output.find("out of memory: killed sh"), std::string::npos);
}

class Hostile : public HostileTest, public testing::WithParamInterface<std::string> {};

TEST_P(Hostile, PrivilegedInstructionsLoseNothing) {
    ShellSession shell = boot_shell(GetParam());
    run_without_loss(shell, "privileged");
}

TEST_P(Hostile, MalformedExecutablesLoseNothing) {
    ShellSession shell = boot_shell(GetParam());
    const std::string output = run_without_loss(shell, "elfmut 600 3");
    std::smatch match;
    ASSERT_TRUE(std::regex_search(output, match, std::regex("(\\d+) files refused, (\\d+) died, (\\d+) ran")))
        << output;
    for (size_t i = 1; i < 4; ++i) EXPECT_GT(std::stoi(match[i]), 5) << output;
}

std::vector<std::string> hostile_states() {
    return has_state("sol6") ? std::vector<std::string>{"sol6", "sol6x4"} : std::vector<std::string>{};
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Hostile);
INSTANTIATE_TEST_SUITE_P(, Hostile, testing::ValuesIn(hostile_states()),
                         [](const auto& state) { return state.param; });

}  // namespace
