/// @file
/// Programs that nobody here wrote: Debian's busybox-static as the shell, and one linked with musl.
#include <gtest/gtest.h>

#include <optional>

#include <fmt/format.h>

#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

/// Busybox's prompt in the home directory, and its question where the cursor is, which nobody answers.
constexpr char kBusyboxPrompt[] = "~ # \x1b[6n";

class Busybox : public SystemTest, public testing::WithParamInterface<std::string> {
  protected:
    void SetUp() override {
        harness::MachineOptions options = state_options(GetParam());
        options.initrd = built_file(GetParam(), "busybox/initramfs.cpio");
        options.append = "faults=kill";
        shell_.emplace(start(options), kBusyboxPrompt);
    }
    ShellSession& shell() { return *shell_; }
    /// Types a line, which must be shorter than the screen is wide.
    std::string run(std::string_view line) { return shell().run(line); }
    /// Types a command, without quotes, and waits until it runs in the foreground. The word comes from a
    /// child: ash makes the child's group before it gives it the terminal, and loses a Ctrl-C in between,
    /// under Linux as well.
    void begin(std::string_view command) {
        const size_t echoed = shell().start(fmt::format("sh -c 'echo up; exec {}'", command));
        machine().wait_for("up\r\n", echoed);
    }
    /// Sends keys to whoever reads them and gives what is printed up to the next prompt.
    std::string press(std::string_view keys) {
        machine().send(keys);
        return shell().finish();
    }

  private:
    std::optional<ShellSession> shell_;
};

TEST_P(Busybox, FilesAndPipes) {
    EXPECT_NE(machine().serial().find("BusyBox v1."), std::string::npos);
    const std::string root = run("ls -l / | grep -v total");
    for (const char* line : {"drwxr-xr-x    2 root     root ", " bin\n", " proc\n", "drwxrwxrwt"})
        EXPECT_NE(root.find(line), std::string::npos) << line << " is missing in " << root;
    EXPECT_EQ(run("cat /etc/motd | grep -c ."), "2\n");
    EXPECT_EQ(run("cat /etc/motd | grep Trapline | wc -l"), "1\n");
    // Files are edited by redirection.
    EXPECT_EQ(run("echo one > /tmp/f; echo two >> /tmp/f; cat /tmp/f"), "one\ntwo\n");
    EXPECT_EQ(run("sed s/two/three/ < /tmp/f > /tmp/g && mv /tmp/g /tmp/f; cat /tmp/f"), "one\nthree\n");
    EXPECT_EQ(run("cat /none"), "cat: can't open '/none': No such file or directory\n");
    EXPECT_EQ(run("mkdir -p /tmp/a/b; touch /tmp/a/b/c; find /tmp/a"), "/tmp/a\n/tmp/a/b\n/tmp/a/b/c\n");
    EXPECT_EQ(run("mv /tmp/a /tmp/b && ls /tmp/b/b; rm -r /tmp/b; ls /tmp"), "c\nf\n");
    // Megabytes through pipes, and back to the same bytes.
    EXPECT_EQ(run("gzip -c /bin/sh | gunzip | cmp - /bin/sh && echo same"), "same\n");
    EXPECT_EQ(run("tar c /etc 2>/dev/null | tar t | wc -l"), "6\n");
    EXPECT_EQ(run("head -c 3000 /dev/zero | wc -c"), "3000\n");
    EXPECT_EQ(run("yes | head -n 2"), "y\ny\n");
}

TEST_P(Busybox, Scripts) {
    EXPECT_EQ(run("for i in 1 2 3; do echo $((i * i)); done"), "1\n4\n9\n");
    EXPECT_EQ(run("i=0; while [ $i -lt 500 ]; do i=$((i+1)); done; echo $i"), "500\n");
    EXPECT_EQ(run("seq 1 1000 | awk '{s += $1} END {print s}'"), "500500\n");
    EXPECT_EQ(run("x=$(echo abc | tr a-c A-C); echo $x"), "ABC\n");
    EXPECT_EQ(run("(exit 3); echo $?; sh -c 'exit 42'; echo $?"), "3\n42\n");
    EXPECT_EQ(run("printf '#!/bin/sh\\nfor x; do echo \"<$x>\"; done\\n' > /tmp/s"), "");
    EXPECT_EQ(run("/tmp/s a; echo $?"), "sh: /tmp/s: Permission denied\n126\n");
    EXPECT_EQ(run("chmod +x /tmp/s; /tmp/s a 'b c'"), "<a>\n<b c>\n");
    EXPECT_EQ(run("trap 'echo caught' INT; kill -INT $$; echo after; trap - INT"), "caught\nafter\n");
    EXPECT_EQ(run("/ring3/ud2 > /dev/null; echo $?").substr(0, 3), "ud2");
    EXPECT_EQ(run("false || echo $?"), "1\n");
}

TEST_P(Busybox, Jobs) {
    EXPECT_EQ(run("sleep 1000 & echo started"), "started\n");
    EXPECT_EQ(run("jobs"), "[1]+  Running                    sleep 1000\n");
    EXPECT_NE(run("ps").find(" root     {exe} sleep 1000\n"), std::string::npos);
    // The shell tells of what became of its jobs before the next prompt.
    EXPECT_EQ(run("kill %1; wait; echo"), "\n[1]+  Terminated                 sleep 1000\n");
    EXPECT_EQ(run("sleep 0.1 & wait; echo"), "\n[1]+  Done                       sleep 0.1\n");

    begin("sleep 1000");
    EXPECT_TRUE(press(kControlC).ends_with("^C\n\n"));
    EXPECT_EQ(shell().status(), "130\n");
    // Ctrl-C is for the job in the foreground, not for the one behind it.
    EXPECT_EQ(run("sleep 1000 & echo"), "\n");
    begin("cat");
    machine().send("typed\r");
    machine().wait_for("typed\r\ntyped\r\n");
    EXPECT_NE(press(kControlD).find("typed\ntyped\n"), std::string::npos);
    EXPECT_EQ(shell().status(), "0\n");
    begin("yes > /dev/null");
    press(kControlC);
    EXPECT_EQ(run("jobs | wc -l"), "1\n");
    EXPECT_EQ(run("kill -9 %1; wait; echo"), "\n[1]+  Killed                     sleep 1000\n");
}

/// Its shell is busybox as well: popen() and system() start it.
TEST_P(Busybox, ProgramOfMusl) {
    EXPECT_EQ(run("/foreign/libc"), "libc: ok\n");
    EXPECT_EQ(shell().status(), "0\n");
}

IN_STATES_WITH_SHELL(Busybox);

}  // namespace
