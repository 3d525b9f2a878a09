/// @file
/// What the test programs share: checks that end the program with a reason, and children that run one
/// function. A test's last line is "NAME: ok" or "NAME: FAILED: reason", its status 0 or 1.
#pragma once

#include <userland/lib/error.h>
#include <userland/lib/print.h>
#include <userland/lib/syscall.h>

/// The name of the test; set first thing in main().
inline const char* test_name = "";

/// Reports a failure and ends the process.
[[noreturn, gnu::format(printf, 1, 2)]] inline void fail(const char* format, ...) {
    char reason[200];
    va_list arguments;
    va_start(arguments, format);
    vformat_text(reason, sizeof reason, format, arguments);
    va_end(arguments);
    print("%s: FAILED: %s\n", test_name, reason);
    exit(1);
}

/// Reports success. Returns the status for main().
inline int passed() {
    print("%s: ok\n", test_name);
    return 0;
}

inline void check_equal(long actual, long expected, const char* text, int line) {
    if (actual != expected) fail("line %d: %s is %ld (0x%lx), not %ld", line, text, actual, actual, expected);
}

/// Fails unless `condition` holds.
#define CHECK(condition)                                             \
    do {                                                             \
        if (!(condition)) fail("line %d: %s", __LINE__, #condition); \
    } while (false)

/// Fails unless both numbers are equal.
#define CHECK_EQ(actual, expected) check_equal((actual), (expected), #actual, __LINE__)

/// Runs `body` in a child process, which exits with 0 after it. Returns the child's pid.
template <class F>
long start_child(F&& body) {
    const long pid = fork();
    if (pid < 0) fail("fork: %s", error_text(pid));
    if (pid > 0) return pid;
    body();
    exit(0);
}

/// Waits for one child. Returns its status as wait4() reports it.
inline int wait_for(long pid) {
    int status = -1;
    const long got = wait4(pid, &status);
    if (got != pid) fail("wait4(%ld) is %ld", pid, got);
    return status;
}

/// Runs `body` in a child process and returns the child's status as wait4() reports it.
template <class F>
int run_in_child(F&& body) {
    return wait_for(start_child(body));
}

/// The status that wait4() reports for exit(code).
constexpr int exited(int code) {
    return code << 8;
}

inline void sleep_milliseconds(long milliseconds) {
    const Timespec span{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    nanosleep(&span);
}

/// A name under /tmp that belongs to this process alone. Makes /tmp where it does not exist.
inline void scratch_path(char* out, size_t size) {
    mkdir("/tmp", 0777);
    format_text(out, size, "/tmp/%s.%ld", test_name, getpid());
}
