/// @file
/// hogs: programs that take all there is, or will not end. Each comes to the end that is meant for it, and
/// who started it goes on: memory without end, recursion without end, loops that ignore every signal,
/// processes without end, and dead ones that nobody asks about.
#include <initializer_list>

#include <userland/lib/program.h>
#include <userland/tests/soak_common.h>

namespace {

/// Several at once, so that the last frame is not always the same one's.
void check_memory() {
    constexpr int kHogs = 3;
    long hogs[kHogs];
    for (long& hog : hogs)
        hog = start_child([] {
            constexpr size_t kSize = 1UL << 40;
            const long memory = mmap_anonymous(kSize, PROT_READ | PROT_WRITE);
            CHECK(memory > 0);
            for (size_t i = 0; i < kSize; i += kPage)
                *reinterpret_cast<volatile char*>(memory + static_cast<long>(i)) = 1;
        });
    for (const long hog : hogs) CHECK_EQ(wait_for(hog), SIGKILL);
    CHECK_EQ(run_in_child([] {}), exited(0));
}

[[gnu::noinline]] int recurse(int depth) {
    volatile char frame[1000];
    frame[0] = static_cast<char>(depth);
    return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

void check_recursion() {
    CHECK_EQ(run_in_child([] { recurse(0); }), SIGSEGV);
}

void check_stubborn_loop() {
    const long child = start_child([] {
        for (int signal = 1; signal < 32; ++signal) set_signal(signal, true);
        for (volatile int i = 0;;) i = i + 1;
    });
    sleep_milliseconds(20);
    for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGPIPE}) CHECK_EQ(kill(child, signal), 0);
    sleep_milliseconds(5);
    CHECK_EQ(wait4(child, nullptr, WNOHANG), 0);
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(wait_for(child), SIGKILL);
}

/// Dead children that nobody waits for fill the table: an error, and all of them are there to be waited for.
void check_zombies() {
    int zombies = 0;
    for (int round = 0; round < 2; ++round) {
        int count = 0;
        long pid = 0;
        while ((pid = fork()) > 0) ++count;
        if (pid == 0) exit(0);
        if (pid != -EAGAIN && pid != -ENOMEM) fail("fork: %s", error_text(pid));
        for (int i = 0; i < count; ++i) {
            int status = -1;
            CHECK(wait4(-1, &status) > 0);
            CHECK_EQ(status, exited(0));
        }
        zombies += count;
    }
    CHECK_EQ(wait4(-1, nullptr, WNOHANG), -ECHILD);
    CHECK(zombies > 300);
}

/// Each member starts others as long as it can, and then waits for what never comes. One signal ends them
/// all: none is born too late for it.
void check_fork_bomb() {
    int ends[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    const long leader = start_child([&] {
        setpgid(0, 0);
        char byte;
        for (;;)
            if (fork() < 0) read(ends[0], &byte, 1);
    });
    sleep_milliseconds(100);
    CHECK_EQ(kill(-leader, SIGKILL), 0);
    CHECK_EQ(wait_for(leader), SIGKILL);
    // Init buries the others; then there is room again.
    for (int tries = 0; kill(-leader, 0) == 0; ++tries) {
        CHECK(tries < 1000);
        sleep_milliseconds(10);
    }
    for (const int fd : ends) close(fd);
    CHECK_EQ(run_in_child([] {}), exited(0));
}

}  // namespace

int main(int, char**) {
    test_name = "hogs";
    check_memory();
    check_recursion();
    check_stubborn_loop();
    check_zombies();
    check_fork_bomb();
    return passed();
}
