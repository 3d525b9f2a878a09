/// @file
/// Chapter 6's kernel, built with the check of its locks: it has nothing to complain about, and finds
/// mistakes that were put in.
/// Checks docs/invariants/lock-ranks.md.
#include <gtest/gtest.h>

#include <chrono>
#include <regex>
#include <thread>

#include <tests/system/bug_run.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

class LocksTest : public SystemTest {
  protected:
    void SetUp() override { REQUIRE_STATE("sol6"); }

    /// Four processors with `kernel`, one of tests/tools/lock_variants.sh.
    harness::Machine& start_variant(const std::string& kernel) {
        harness::MachineOptions options = variant_options(kernel, "sol6");
        options.cpus = 4;
        return start(options);
    }

    /// Starts a program that never ends and types Ctrl-C until `text` is printed: a key that comes before the
    /// program is lost.
    void interrupt_program(ShellSession& shell, const std::string& text) {
        shell.start("/tests/spin");
        const size_t from = machine().serial_position();
        harness::ProgressTimer timer(machine().pid(), harness::Duration(5'000));
        while (machine().serial().find(text, from) == std::string::npos) {
            ASSERT_FALSE(timer.expired()) << "no " << text;
            machine().send(kControlC);
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }

    void expect_panic(const std::string& pattern) {
        machine().wait_for("Backtrace:");
        const std::string text = plain_lines(machine().serial());
        EXPECT_TRUE(std::regex_search(text, std::regex("\nPANIC: lock order: " + pattern + "\n"))) << text;
    }
};

TEST_F(LocksTest, ProgramsBreakNoRule) {
    ShellSession shell(start_variant("lock_checks"));
    for (const std::string name :
         {"forktest", "pipetest", "memtest", "filetest", "clonetest", "yieldtest", "badptr", "regs"}) {
        const std::string output = shell.run("/tests/" + name, harness::Duration(20'000));
        EXPECT_TRUE(output.ends_with(name + ": ok\n")) << output;
    }
    EXPECT_NE(shell.run("ps").find("init"), std::string::npos);
    interrupt_program(shell, kPrompt);
    EXPECT_EQ(machine().serial().find("PANIC"), std::string::npos);
}

TEST_F(LocksTest, WrongOrderIsReported) {
    ShellSession shell(start_variant("signal_under_tty_lock"));
    interrupt_program(shell, "PANIC");
    expect_panic("processor [0-3] takes 'task list' while it holds 'tty', which comes later");
}

TEST_F(LocksTest, SleepingWithALockIsReported) {
    start_variant("sleep_with_lock");
    expect_panic("processor [0-3] changes tasks while it holds '[a-z ]+'");
}

}  // namespace
