/// @file
/// init: the first program, process 1. Gives itself the console, greets, keeps a shell running, and takes
/// ended processes out of the table, its own children and the orphans that the kernel hands to it.
#include <initializer_list>

#include <userland/init/wait_for_child.h>
#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

/// Makes sure that descriptors 0, 1 and 2 are open; the kernel may have seen to it already.
void open_console() {
    for (int fd = 0; fd <= 2; ++fd)
        if (fcntl(fd, F_GETFD) == -EBADF) open("/dev/console", O_RDWR);
}

void show_greeting() {
    const long fd = open_input("/etc/motd");
    if (fd < 0) return;
    LineReader reader(static_cast<int>(fd));
    while (reader.next()) print("%s\n", reader.text());
    close(static_cast<int>(fd));
}

/// The keys that signal and the rules of the terminal are for the programs in the foreground, not for init.
void set_signals(bool ignore) {
    for (const int signal : {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU}) set_signal(signal, ignore);
}

/// Starts a shell in a process group of its own, the one that the terminal's keys go to. Returns its pid or a
/// negative errno.
long start_shell() {
    const long pid = fork();
    if (pid != 0) return pid;
    setpgid(0, 0);
    int group = static_cast<int>(getpid());
    ioctl(0, TIOCSPGRP, &group);
    set_signals(false);
    char name[] = "sh";
    char path[] = "PATH=/bin";
    char home[] = "HOME=/";
    char* const arguments[] = {name, nullptr};
    char* const environment[] = {path, home, nullptr};
    exit(complain("init", "/bin/sh", execve("/bin/sh", arguments, environment)));
}

/// Collects ended processes until `shell` is among them. Returns its status.
int reap_until(long shell) {
    for (;;) {
        int status = 0;
        const long pid = wait_for_child(status);
        if (pid == shell) return status;
        if (pid < 0 && pid != -EINTR) return 0;
    }
}

int64_t seconds_since_boot() {
    Timespec now{0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.seconds;
}

void pause_a_second() {
    const Timespec span{1, 0};
    nanosleep(&span);
}

}  // namespace

int main(int, char**) {
    open_console();
    set_signals(true);
    show_greeting();
    for (;;) {
        const int64_t started = seconds_since_boot();
        const long shell = start_shell();
        if (shell < 0) {
            complain("init", "fork", shell);
            pause_a_second();
            continue;
        }
        const int status = reap_until(shell);
        const int signal = status & 0x7f;
        if (signal)
            print("init: shell killed by signal %d (%s), starting a new one\n", signal, signal_text(signal));
        else
            print("init: shell ended (status %d), starting a new one\n", status >> 8 & 0xff);
        // A shell that can't live must not keep the machine busy with its deaths.
        if (seconds_since_boot() - started < 1) pause_a_second();
    }
}
