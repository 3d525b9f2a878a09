/// @file
/// soak [SECONDS [SETS [WORKER]]]: all that the kernel can do, at once and for a while, or one WORKER only.
/// Each worker is a process that checks its own results; SETS times all of them run. Prints `soak NAME COUNT`
/// for each in the end, and leaves nothing behind: no process, no file.
#include <userland/tests/soak_memory.h>
#include <userland/tests/soak_processes.h>

namespace {

struct Worker {
    const char* name;
    uint64_t (*work)(uint64_t end);
};

constexpr Worker kWorkers[] = {
    {"fork", soak::forks},         {"exec", soak::execs},     {"orphan", soak::orphans},
    {"pipe", soak::pipes},         {"page", soak::pages},     {"file", soak::files},
    {"kill", soak::kills},         {"group", soak::groups},   {"sleep", soak::sleeps},
    {"register", soak::registers}, {"thread", soak::threads}, {"remap", soak::remap},
    {"protect", soak::protect},    {"unmap", soak::unmap},    {"cow", soak::cow},
};
constexpr size_t kWorkerCount = sizeof kWorkers / sizeof *kWorkers;
constexpr size_t kMaximumSets = 8;

/// How long a worker may take to finish what it is at when the time is over. With many processes on few
/// processors that is more than one would think.
constexpr uint64_t kGrace = 60'000'000'000;
constexpr uint64_t kProgress = 5'000'000'000;

/// What a worker writes into the pipe in the end.
struct Report {
    size_t worker;
    uint64_t count;
};

struct Running {
    long pid = 0;  ///< 0 when it has ended, and before it starts
    size_t worker = 0;
};
Running running[kWorkerCount * kMaximumSets];
size_t started = 0;

/// Ends everybody and fails. The reason is on the console already if the worker knew one.
[[noreturn]] void give_up(size_t worker, const char* what, int status) {
    for (Running& each : running) {
        if (!each.pid) continue;
        kill(-each.pid, SIGKILL);
        wait4(each.pid, nullptr);
    }
    fail("worker %s %s (status 0x%x)", kWorkers[worker].name, what, status);
}

void start(size_t worker, uint64_t end, const int reports[2]) {
    Running& each = running[started++];
    each.worker = worker;
    each.pid = start_child([&] {
        setpgid(0, 0);  // so that it can be ended with all that it has started
        close(reports[0]);
        const Report report{worker, kWorkers[worker].work(end)};
        CHECK_EQ(write(reports[1], &report, sizeof report), sizeof report);
    });
    setpgid(each.pid, each.pid);
}

/// Waits until all have ended. Says now and then that it is still there.
void wait_for_all(uint64_t end) {
    uint64_t last_word = now();
    for (size_t left = started; left > 0;) {
        bool ended = false;
        for (Running& each : running) {
            int status = 0;
            if (!each.pid || wait4(each.pid, &status, WNOHANG) != each.pid) continue;
            ended = true;
            each.pid = 0;
            --left;
            if (status != 0) give_up(each.worker, "failed", status);
        }
        if (ended) continue;
        if (now() > end + kGrace)
            for (const Running& each : running)
                if (each.pid) give_up(each.worker, "does not end", 0);
        if (now() > last_word + kProgress) {
            last_word = now();
            print("soak: %lu workers\n", left);
        }
        sleep_milliseconds(20);
    }
}

long parse(const char* text, long limit) {
    long value = 0;
    for (; *text >= '0' && *text <= '9' && value < limit; ++text) value = value * 10 + (*text - '0');
    if (*text || value < 1 || value > limit) fail("a number from 1 to %ld is wanted", limit);
    return value;
}

}  // namespace

int main(int argc, char** argv) {
    test_name = "soak";
    if (argc > 1 && same(argv[1], "exit")) return soak::exec_target(argc, argv);
    const long seconds = argc > 1 ? parse(argv[1], 1'000'000) : 2;
    const long sets = argc > 2 ? parse(argv[2], kMaximumSets) : 1;
    const char* const only = argc > 3 ? argv[3] : nullptr;

    int reports[2] = {-1, -1};
    CHECK_EQ(pipe(reports), 0);
    const uint64_t end = now() + static_cast<uint64_t>(seconds) * 1'000'000'000;
    for (long set = 0; set < sets; ++set)
        for (size_t worker = 0; worker < kWorkerCount; ++worker)
            if (!only || same(only, kWorkers[worker].name)) start(worker, end, reports);
    if (started == 0) fail("there is no worker %s", only);
    close(reports[1]);
    wait_for_all(end);

    uint64_t counts[kWorkerCount] = {};
    for (Report report; read(reports[0], &report, sizeof report) == sizeof report;)
        counts[report.worker] += report.count;
    close(reports[0]);
    for (size_t worker = 0; worker < kWorkerCount; ++worker) {
        if (only && !same(only, kWorkers[worker].name)) continue;
        print("soak %s %lu\n", kWorkers[worker].name, counts[worker]);
        if (counts[worker] == 0) fail("worker %s did nothing", kWorkers[worker].name);
    }
    return passed();
}
