/// @file
/// The shell as a person uses it, at the serial line.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <regex>
#include <set>
#include <thread>

#include <fmt/format.h>

#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using harness::Machine;

constexpr char kLeft[] = "\033[D";
constexpr char kUp[] = "\033[A";
constexpr char kHome[] = "\033[H";
constexpr char kBackspace[] = "\x7f";

class ShellTest : public SystemTest, public testing::WithParamInterface<std::string> {
  protected:
    void SetUp() override {
        // From chapter 3 on a program's fault stops the machine unless told otherwise.
        boot(GetParam(), "faults=kill");
        shell_.emplace(machine());
    }
    ShellSession& shell() { return *shell_; }
    std::string run(std::string_view line) { return shell().run(line); }

    /// True when some task is called `name`.
    bool task_exists(const std::string& name) {
        machine().gdb().interrupt();
        const bool exists = find_task(machine(), name).has_value();
        machine().gdb().resume();
        return exists;
    }
    /// Waits until a task called `name` is there.
    void wait_for_task(const std::string& name) {
        harness::ProgressTimer timer(machine().pid(), harness::Duration(5'000));
        while (!task_exists(name)) {
            ASSERT_FALSE(timer.expired()) << name << " does not start";
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    /// Sends keys to whoever reads them and gives what is printed up to the next prompt, the answer to the
    /// keys included.
    std::string press(std::string_view keys) {
        machine().send(keys);
        return shell().finish();
    }
    /// Attaches the debugger and lets the guest go on.
    void attach() {
        machine().gdb();
        machine().gdb().resume();
    }

  private:
    std::optional<ShellSession> shell_;
};

class QuickShell : public ShellTest {};
class Shell : public ShellTest {};

TEST_P(QuickShell, SessionTypedByHand) {
    EXPECT_EQ(run("echo hello | cat"), "hello\n");
    EXPECT_EQ(shell().status(), "0\n");
    EXPECT_EQ(run(""), "");

    const std::string root = run("ls");
    for (const char* name : {"bin", "dev", "etc", "init", "proc", "tests"})
        EXPECT_NE(root.find(name), std::string::npos) << name << " is missing in " << root;
    const std::string processes = run("ps");
    EXPECT_NE(processes.find(" init\n"), std::string::npos) << processes;
    EXPECT_NE(processes.find(" sh\n"), std::string::npos) << processes;
    EXPECT_NE(processes.find(" ps\n"), std::string::npos) << processes;

    EXPECT_EQ(run("echo one > /tmp/file"), "");
    EXPECT_EQ(run("echo two >> /tmp/file"), "");
    EXPECT_EQ(run("cat /tmp/file"), "one\ntwo\n");
    EXPECT_EQ(run("cat < /tmp/file | grep -n two"), "2:two\n");
    EXPECT_EQ(run("cat /none 2> /tmp/errors ; cat /tmp/errors"), "cat: /none: No such file or directory\n");

    EXPECT_EQ(run("cd /etc"), "");
    EXPECT_EQ(run("pwd"), "/etc\n");
    EXPECT_EQ(run("cat hello.txt"), "hello from the initramfs\n");
    EXPECT_EQ(run("cd /none"), "cd: /none: No such file or directory\n");
    EXPECT_EQ(run("cd"), "");
    EXPECT_EQ(run("pwd"), "/\n");

    EXPECT_EQ(run("false"), "");
    EXPECT_EQ(shell().status(), "1\n");
    EXPECT_EQ(run("true && echo yes || echo no"), "yes\n");
    EXPECT_EQ(run("sh -c 'exit 42' ; echo $?"), "42\n");
    EXPECT_EQ(run("nonsense"), "command not found: nonsense\n");
    EXPECT_EQ(shell().status(), "127\n");
    EXPECT_EQ(run("/etc"), "sh: /etc: Permission denied\n");
    EXPECT_EQ(shell().status(), "126\n");
    EXPECT_NE(run("help").find("cd [dir]"), std::string::npos);
}

TEST_P(QuickShell, LineEditingAndHistory) {
    EXPECT_EQ(run(fmt::format("echo abX{}c", kBackspace)), "abc\n");
    EXPECT_EQ(run(fmt::format("echo bc{}{}a", kLeft, kLeft)), "abc\n");
    EXPECT_EQ(run(fmt::format("cho home{}e", kHome)), "home\n");
    EXPECT_EQ(run("nonsense\x15"
                  "echo killed"),
              "killed\n");                                   // Ctrl-U
    EXPECT_EQ(run("echo one two\x17three"), "one three\n");  // Ctrl-W
    EXPECT_EQ(run("echo 1"), "1\n");
    EXPECT_EQ(run("echo 2"), "2\n");
    EXPECT_EQ(run(kUp), "2\n");
    EXPECT_EQ(run(fmt::format("{}{}", kUp, kUp)), "1\n");
    // Ctrl-C throws the line away.
    EXPECT_EQ(press(fmt::format("echo never{}", kControlC)), "echo never^C\n");
    EXPECT_EQ(run("echo $?"), "130\n");
    // A line longer than the screen.
    const std::string longer(300, 'x');
    EXPECT_EQ(run("echo " + longer), longer + "\n");
}

TEST_P(QuickShell, ControlCEndsTheForegroundProgram) {
    attach();
    shell().start("/tests/spin");
    wait_for_task("spin");
    press(kControlC);
    EXPECT_FALSE(task_exists("spin"));
    EXPECT_EQ(shell().status(), "130\n");

    // All of a pipeline, those included that sleep.
    shell().start("sleep 100 | cat | /tests/spin");
    for (const char* name : {"sleep", "cat", "spin"}) wait_for_task(name);
    press(kControlC);
    for (const char* name : {"sleep", "cat", "spin"}) EXPECT_FALSE(task_exists(name)) << name;
    EXPECT_EQ(run("echo alive"), "alive\n");
}

TEST_P(QuickShell, ControlDEndsTheShellAndInitStartsAnother) {
    attach();
    machine().gdb().interrupt();
    const int before = find_task(machine(), "sh")->pid;
    machine().gdb().resume();
    EXPECT_EQ(press(kControlD), "\ninit: shell ended (status 0), starting a new one\n");
    machine().gdb().interrupt();
    const auto shells = read_tasks(machine());
    EXPECT_EQ(std::count_if(shells.begin(), shells.end(), [](const TaskView& t) { return t.name == "sh"; }),
              1);
    EXPECT_GT(find_task(machine(), "sh")->pid, before);
    machine().gdb().resume();
    EXPECT_EQ(run("echo again"), "again\n");
    // Ctrl-D ends a program's input, not the shell.
    shell().start("cat");
    wait_for_task("cat");
    machine().send("text\r");
    machine().wait_for("text\r\ntext\r\n");
    EXPECT_EQ(press(kControlD), "text\ntext\n");
    EXPECT_EQ(run("echo still"), "still\n");
}

TEST_P(QuickShell, AProgramThatFaultsDiesAlone) {
    attach();
    const std::string output = run("/ring3/ud2");
    EXPECT_NE(output.find("ud2 (pid "), std::string::npos) << output;
    EXPECT_NE(output.find("INVALID OPCODE (#UD) at RIP=0x"), std::string::npos) << output;
    EXPECT_NE(output.find("killed by signal 4"), std::string::npos) << output;
    EXPECT_EQ(shell().status(), "132\n");
    const std::string null = run("/ring3/read_null ; echo $?");
    EXPECT_TRUE(null.ends_with("\n139\n")) << null;
    EXPECT_FALSE(task_exists("read_null"));
    for (const harness::IntEntry& entry : exceptions(machine().int_log())) {
        EXPECT_NE(entry.vector, 8u);
    }
}

TEST_P(Shell, BackgroundProgram) {
    const std::string started = run("sleep 1 &");
    EXPECT_EQ(started.front(), '[') << started;
    EXPECT_EQ(run("echo meanwhile"), "meanwhile\n");
    const std::string done = started.substr(0, started.find(']') + 1) + " done\n";
    std::string ended;
    for (int i = 0; i < 100 && ended.empty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        ended = run("");
    }
    EXPECT_EQ(ended, done);
}

TEST_P(Shell, ScriptAndDemonstration) {
    run("echo 'echo from a script' > /tmp/script");
    run("echo 'exit 7' >> /tmp/script");
    EXPECT_EQ(run("sh /tmp/script ; echo $?"), "from a script\n7\n");
    const std::string demo = run("sh /etc/demo.sh");
    EXPECT_EQ(demo.find("sh:"), std::string::npos) << demo;
    EXPECT_NE(demo.find("false gives 1"), std::string::npos) << demo;
}

TEST_P(Shell, EveryFaultFromRing3KillsOnlyItsProgram) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(source_root() / "userland/ring3"))
        if (entry.path().extension() == ".S") names.insert(entry.path().stem());
    ASSERT_GT(names.size(), 10u);
    for (const std::string& name : names) {
        const std::string output = run("/ring3/" + name);
        EXPECT_NE(output.find(name + " (pid "), std::string::npos) << output;
        EXPECT_NE(output.find("killed by signal"), std::string::npos) << output;
    }
    EXPECT_EQ(run("echo alive"), "alive\n");
    // The processor stopped them, not a text. Page faults come all the time, so they say nothing.
    const std::string serial = machine().serial();
    const std::regex report("\\(pid \\d+\\): ((?!PAGE FAULT)[A-Z -]+) \\(#");
    const auto reports = std::distance(std::sregex_iterator(serial.begin(), serial.end(), report), {});
    const auto delivered = exceptions(machine().int_log());
    const auto stops = [](const harness::IntEntry& entry) { return entry.cpl == 3 && entry.vector != 14; };
    EXPECT_GT(reports, 8);
    EXPECT_EQ(std::count_if(delivered.begin(), delivered.end(), stops), reports);
}

TEST_P(QuickShell, PowerOffEndsQemu) {
    machine().send("poweroff\r");
    const harness::ExitStatus status = machine().wait_exit();
    EXPECT_EQ(status.kind, harness::ExitStatus::Kind::kDebugExit);
    EXPECT_EQ(status.code * 2 + 1, 33);
}

IN_STATES_WITH_SHELL(QuickShell);
INSTANTIATE_TEST_SUITE_P(Processors, QuickShell,
                         testing::ValuesIn(has_state("sol6")
                                               ? std::vector<std::string>{"sol6x2", "sol6x3", "sol6x8"}
                                               : std::vector<std::string>{}),
                         [](const auto& state) { return state.param; });
IN_STATES_WITH_SHELL(Shell);

}  // namespace
