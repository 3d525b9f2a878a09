/// @file
/// What must not break the kernel however often or however much of it comes: processes, input, output, time.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <regex>
#include <thread>

#include <fmt/format.h>

#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using harness::Duration;
using harness::Machine;
using harness::MachineOptions;

class Robustness : public SystemTest, public testing::WithParamInterface<std::string> {
  protected:
    ShellSession& boot_shell(MachineOptions options) {
        options.append = "faults=kill";
        shell_.emplace(start(options));
        return *shell_;
    }
    ShellSession& boot_shell() { return boot_shell(state_options(GetParam())); }

    /// Free memory in KiB, which is a whole number of frames.
    static uint64_t free_memory(ShellSession& shell) {
        const std::string text = shell.run("grep MemFree /proc/meminfo");
        std::smatch match;
        if (!std::regex_search(text, match, std::regex("MemFree: +(\\d+) kB"))) {
            ADD_FAILURE() << text;
            return 0;
        }
        return std::stoull(match[1]);
    }

    /// Fills the kernel's caches: it keeps the kernel stacks of as many tasks as ever were alive at once, and
    /// one empty slab of each size.
    static void warm_up(ShellSession& shell) {
        shell.run(fmt::format("echo '{}' > /tmp/many", repeat("sleep 1 & ", 40)));
        shell.run("echo 'sleep 1' >> /tmp/many");
        shell.run("cat /tmp/many /tmp/many /tmp/many > /tmp/crowd");
        shell.run("sh /tmp/crowd");
    }

    /// Runs `command` again and again. What it takes in all must stay below a frame for each round, and below
    /// what the caches may vary by.
    static void check_no_leak(ShellSession& shell, const std::string& command, int rounds) {
        SCOPED_TRACE(command);
        for (int i = 0; i < 3; ++i) shell.run(command);
        const uint64_t before = free_memory(shell);
        for (int i = 0; i < rounds; ++i) shell.run(command);
        const uint64_t after = free_memory(shell);
        EXPECT_LE(before, after + kCacheKibibytes)
            << "leaked " << before - after << " KiB in " << rounds << " rounds";
    }
    static constexpr uint64_t kCacheKibibytes = 8 * 4;

    /// Waits until there is a task of this name.
    void wait_for_program(const std::string& name) {
        for (int i = 0; i < 1000; ++i) {
            harness::GdbStub& gdb = machine().gdb();
            if (gdb.running()) gdb.interrupt();
            const bool found = find_task(machine(), name).has_value();
            gdb.resume();
            if (found) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        FAIL() << "no task is called " << name;
    }

    /// No exception in ring 0 but page faults of user_copy, and no triple fault.
    void check_ring0() {
        const harness::Symbol& copy = machine().symbols().symbol("user_copy");
        const harness::IntLog log = machine().int_log();
        for (const harness::IntEntry& entry : exceptions(log)) {
            if (entry.cpl != 0) continue;
            EXPECT_TRUE(entry.vector == 14 && entry.rip >= copy.value && entry.rip < copy.value + 16)
                << harness::format_entry(entry) << " " << machine().symbols().describe(entry.rip);
            if (HasFailure()) return;
        }
        EXPECT_EQ(log.triple_faults(), 0u);
        EXPECT_EQ(machine().serial().find("PANIC"), std::string::npos);
    }

    /// The names of all tasks and how many there are of each, for messages. Stops the guest.
    std::string tasks_now() {
        machine().gdb().interrupt();
        std::map<std::string, int> names;
        for (const TaskView& task : read_tasks(machine()))
            ++names[fmt::format("{} state {}", task.name, task.state)];
        std::string text;
        for (const auto& [name, count] : names) text += fmt::format("{} {}\n", count, name);
        return text;
    }

    /// `text` `count` times.
    static std::string repeat(const std::string& text, int count) {
        std::string result;
        for (int i = 0; i < count; ++i) result += text;
        return result;
    }

  private:
    std::optional<ShellSession> shell_;
};

TEST_P(Robustness, ProcessesLeaveNoFrameBehind) {
    ShellSession& shell = boot_shell();
    warm_up(shell);
    check_no_leak(shell, repeat("true;", 40), 5);
    for (const char* command :
         {"echo a | cat | cat | wc", "/ring3/stack_overflow", "/ring3/ud2 | cat",
          "nonsense; /etc/hello.txt; cat /none", "cat /bin/sh > /tmp/copy; rm /tmp/copy", "/tests/memtest",
          "/tests/badptr", "/tests/filetest"}) {
        check_no_leak(shell, command, 12);
    }
    check_no_leak(shell, "/tests/forktest", 6);
    check_ring0();
}

TEST_P(Robustness, KilledProgramsLeaveNoFrameBehind) {
    ShellSession& shell = boot_shell();
    const auto round = [&] {
        shell.start("/tests/spin | cat | sleep 100");
        // The shell starts one after the other and then gives them the terminal: the key is meant for those
        // that are there, in the group that has it.
        wait_for_program("sleep");
        std::this_thread::sleep_for(std::chrono::milliseconds(40));
        machine().send(kControlC);
        shell.finish();
    };
    for (int i = 0; i < 3; ++i) round();
    const uint64_t before = free_memory(shell);
    for (int i = 0; i < 12; ++i) round();
    EXPECT_LE(before, free_memory(shell) + kCacheKibibytes);
    check_ring0();
}

TEST_P(Robustness, TypeAheadFlood) {
    ShellSession& shell = boot_shell();
    const std::string flood(100 * 1024, 'x');
    // Into a program that does not read: the terminal's buffer fills up, and what is too much is dropped.
    shell.start("/tests/spin");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    machine().send(flood);
    machine().send(kControlC);
    shell.finish(Duration(20'000));
    // What was typed and never read may be at the prompt now: throw it away.
    machine().send(kControlC);
    shell.finish();
    EXPECT_EQ(shell.run("echo alive"), "alive\n");

    // Into the shell's line editor, which takes one line and rings the bell for the rest.
    // Ctrl-C is a byte like the others to it, which a full buffer drops: it is typed when the flood has
    // passed.
    machine().send(flood.substr(0, 20 * 1024));
    size_t printed = 0;
    while (printed != machine().serial_position()) {
        printed = machine().serial_position();
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    machine().send(kControlC);
    machine().wait_for("^C", printed, Duration(20'000));
    shell.adopt_prompt(machine().serial().rfind("^C"));
    EXPECT_EQ(shell.run("echo alive"), "alive\n");
    EXPECT_EQ(shell.run("cat /etc/hello.txt"), "hello from the initramfs\n");
    check_ring0();
}

TEST_P(Robustness, OutputFlood) {
    MachineOptions options = state_options(GetParam());
    options.serial_cap = size_t{256} << 20;
    ShellSession& shell = boot_shell(options);
    const size_t before = machine().serial_position();
    shell.start("yes");
    // How long a flood takes depends on the host: processors that wait for one another's lock get nowhere
    // while the holder has to wait for the host's.
    harness::ProgressTimer timer(machine().pid(), Duration(20'000));
    while (machine().serial_position() - before < 20'000 && !timer.expired())
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_GT(machine().serial_position() - before, 10'000u);
    machine().send(kControlC);
    const std::string output = shell.finish(Duration(20'000));
    // No byte lost or invented on the way, up to the moment of the key.
    const size_t wrong = output.find_first_not_of("y\n");
    EXPECT_TRUE(wrong == std::string::npos || wrong + 20 > output.size() ||
                output.compare(wrong, 2, "^C") == 0)
        << output.substr(wrong, 40);
    EXPECT_EQ(output.find("yy"), std::string::npos);
    EXPECT_EQ(shell.run("echo alive"), "alive\n");
    // Through a pipe, too.
    shell.start("yes | cat");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    machine().send(kControlC);
    shell.finish(Duration(20'000));
    EXPECT_EQ(shell.run("yes | head -n 2"), "y\ny\n");
    check_ring0();
}

/// A script that starts more programs than there may be gets an error for each one too many, and goes on.
TEST_P(Robustness, TooManyProcesses) {
    MachineOptions options = state_options(GetParam());
    options.memory_mib = 128;
    ShellSession& shell = boot_shell(options);
    // 30 lines of 20 programs each.
    shell.run(fmt::format("echo '{}' > /tmp/line", repeat("sleep 99 & ", 20)));
    shell.run("cat /tmp/line /tmp/line /tmp/line /tmp/line /tmp/line /tmp/line > /tmp/six");
    shell.run("cat /tmp/six /tmp/six /tmp/six /tmp/six /tmp/six > /tmp/bomb");
    shell.run("echo 'echo all are started' >> /tmp/bomb; echo 'pwd' >> /tmp/bomb");
    shell.run("echo 'exec sleep 99' >> /tmp/bomb");
    const uint64_t warm_up = free_memory(shell);

    const auto round = [&] {
        const size_t begin = shell.start("sh /tmp/bomb");
        // `echo` is a program and can't be started any more; pwd is the shell's own.
        const size_t end = machine().wait_for("\r\n/\r\n", begin, Duration(30'000));
        const std::string text = machine().serial().substr(begin, end - begin);
        EXPECT_NE(text.find("sh: fork: "), std::string::npos) << text.substr(0, 200);
        EXPECT_EQ(text.find("all are started"), std::string::npos);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        machine().gdb().interrupt();
        const size_t tasks = read_tasks(machine()).size();
        machine().gdb().resume();
        machine().send(kControlC);
        shell.finish(Duration(30'000));
        // Init takes the orphans out of the table.
        for (int i = 0; i < 100 && shell.run("ps").find(" sleep\n") != std::string::npos; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return tasks;
    };
    machine().gdb().resume();
    EXPECT_GT(round(), 300u);
    EXPECT_EQ(shell.run("echo alive | cat"), "alive\n");
    const uint64_t before = free_memory(shell);
    EXPECT_LE(before, warm_up);
    round();
    EXPECT_LE(before, free_memory(shell) + kCacheKibibytes);
    check_ring0();
}

/// Memory runs out before the table of tasks is full: an error as well.
TEST_P(Robustness, TooLittleMemory) {
    MachineOptions options = state_options(GetParam());
    options.memory_mib = 32;
    ShellSession& shell = boot_shell(options);
    const uint64_t before = free_memory(shell);
    // A file that grows until there is no memory left, not even for a program.
    EXPECT_EQ(shell.run(fmt::format("yes {} > /tmp/all || pwd", std::string(240, 'y')), Duration(60'000)),
              "/\n");
    // The shell can empty it by itself.
    shell.run("pwd > /tmp/all");
    shell.run("rm /tmp/all");
    EXPECT_EQ(shell.run("echo alive | cat"), "alive\n");
    EXPECT_LE(before, free_memory(shell) + kCacheKibibytes);
    check_ring0();
}

/// Twenty seconds of everything at once.
TEST_P(Robustness, Soak) {
    MachineOptions options = state_options(GetParam());
    ShellSession& shell = boot_shell(options);
    machine().gdb();
    machine().gdb().resume();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    shell.run("/tests/yieldtest &");
    int rounds = 0;
    while (std::chrono::steady_clock::now() < end) {
        const std::string number = std::to_string(rounds);
        // The background program may print, and its end be reported, in between.
        const std::string line = shell.run("echo round " + number + " | cat | grep -n round");
        ASSERT_NE(line.find("1:round " + number + "\n"), std::string::npos) << line;
        const std::string forks = shell.run("/tests/forktest");
        ASSERT_NE(forks.find("forktest: ok\n"), std::string::npos) << forks << tasks_now();
        ASSERT_NE(shell.run("ls /bin | grep c | wc; ps | head -n 3").find("PID"), std::string::npos);
        ASSERT_NE(shell.run("/tests/regs flags | cat").find("regs: ok\n"), std::string::npos);
        shell.run("/ring3/read_null; /ring3/ud2; nonsense");
        if (rounds % 8 == 0) shell.run("/tests/yieldtest &");
        ++rounds;
    }
    EXPECT_GT(rounds, 5);
    EXPECT_EQ(shell.run("echo alive"), "alive\n");
    EXPECT_EQ(machine().serial().find("FAILED"), std::string::npos);
    check_ring0();
}

// Endurance takes long, so it is asked of two only: the lowest state that has all these parts, and many
// processors.
std::vector<std::string> enduring_states() {
    std::vector<std::string> states;
    if (has_state("sol2")) states.push_back("sol2");
    if (has_state("sol6")) states.push_back("sol6x4");
    return states;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Robustness);
INSTANTIATE_TEST_SUITE_P(, Robustness, testing::ValuesIn(enduring_states()),
                         [](const auto& state) { return state.param; });

}  // namespace
