/// @file
/// bench: what the kernel's basic operations cost, in ticks of the time stamp counter. Under QEMU's
/// `-icount shift=0` a tick is an instruction, and each line `bench NAME TICKS` the same in every run. `bench
/// NAME` measures only that one. `bench scaling SECONDS WORKERS` counts instead how often workers, all at
/// once, get through some of the operations. As process 1 it takes its arguments from /etc/bench, and
/// switches the machine off at the end. It runs on Linux as well, where `make compare` makes it process 1.
#include <initializer_list>

#include <userland/lib/io.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/check.h>

namespace {

constexpr size_t kPage = 4096;

uint64_t rdtsc() {
    uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return uint64_t{high} << 32 | low;
}

/// A call without arguments, and nothing around it: what is measured is the kernel.
inline long bare_call(long number) {
    asm volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
    return number;
}

// ---- Counting

/// Ticks of one operation. Of several batches the cheapest counts: the first ones warm up, and the timer's
/// interrupt may hit any of them. What happens once in many operations is in it with its share.
template <class F>
uint64_t cost(unsigned count, F&& batch) {
    constexpr int kBatches = 5;
    uint64_t least = ~uint64_t{0};
    for (int i = 0; i < kBatches; ++i) {
        const uint64_t ticks = batch();
        if (ticks < least) least = ticks;
    }
    return (least + count / 2) / count;
}

/// The same for operations that need nothing to be done before a batch or after it.
template <class F>
uint64_t cost_of_each(unsigned count, F&& operation) {
    return cost(count, [&] {
        const uint64_t start = rdtsc();
        for (unsigned i = 0; i < count; ++i) operation();
        return rdtsc() - start;
    });
}

uint64_t null_call() {
    return cost_of_each(1000, [] { bare_call(SYS_getpid); });
}

/// A yield while nobody else wants to run. Where the kernel has a thread that never sleeps, as chapters 3 to
/// 5 have, this is a switch to it and one back.
uint64_t yield_alone() {
    return cost_of_each(1000, [] { bare_call(SYS_sched_yield); });
}

/// Linux's usual scheduler lets a process that yields go on at once, more often than not; in the class
/// SCHED_FIFO the other one gets the processor. Trapline has no classes: it refuses the call, and always
/// switches.
void take_turns(bool on) {
    constexpr long kSetScheduler = 144, kSchedOther = 0, kSchedFifo = 1;
    const int priority = on ? 1 : 0;
    syscall(kSetScheduler, 0, on ? kSchedFifo : kSchedOther, &priority);
}

/// A yield to a process that yields in turn. A thread that never sleeps takes its turn as well.
uint64_t yield_to_another() {
    take_turns(true);  // and the child, which inherits it
    const long child = start_child([] {
        for (;;) bare_call(SYS_sched_yield);
    });
    // Each of these is two yields: one here, one there.
    const uint64_t ticks = cost_of_each(1000, [] { bare_call(SYS_sched_yield); });
    kill(child, SIGKILL);
    wait_for(child);
    take_turns(false);
    return (ticks + 1) / 2;
}

/// A byte into a pipe and out again, by the same process.
uint64_t pipe_one_process() {
    int ends[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    const uint64_t ticks = cost_of_each(500, [&] {
        char byte = 'x';
        write(ends[1], &byte, 1);
        read(ends[0], &byte, 1);
    });
    for (const int fd : ends) close(fd);
    return ticks;
}

/// Two pipes, and a child that answers each byte of one with a byte into the other.
class Echo {
  public:
    Echo() {
        CHECK_EQ(pipe(to_), 0);
        CHECK_EQ(pipe(from_), 0);
        child_ = start_child([this] {
            close(to_[1]);
            char byte;
            while (read(to_[0], &byte, 1) == 1) write(from_[1], &byte, 1);
        });
    }
    Echo(const Echo&) = delete;
    Echo& operator=(const Echo&) = delete;
    ~Echo() {
        for (const int fd : to_) close(fd);
        for (const int fd : from_) close(fd);
        CHECK_EQ(wait_for(child_), exited(0));
    }

    /// Sends a byte and waits for the answer.
    void round_trip() {
        char byte = 'x';
        write(to_[1], &byte, 1);
        read(from_[0], &byte, 1);
    }

  private:
    int to_[2] = {-1, -1};
    int from_[2] = {-1, -1};
    long child_ = -1;
};

uint64_t pipe_round_trip() {
    Echo echo;
    return cost_of_each(500, [&] { echo.round_trip(); });
}

void fork_and_wait() {
    wait_for(start_child([] {}));
}

uint64_t fork_exit_wait() {
    return cost_of_each(50, fork_and_wait);
}

uint64_t fork_exec_exit_wait() {
    char name[] = "/bin/true";
    char* const arguments[] = {name, nullptr};
    char* const environment[] = {nullptr};
    return cost_of_each(20, [&] {
        const int status = run_in_child([&] {
            execve(name, arguments, environment);
            exit(1);
        });
        CHECK_EQ(status, exited(0));
    });
}

/// The first write to a page of anonymous memory. As many pages as a page table holds, so that it is in it
/// with its share.
uint64_t fresh_page() {
    constexpr unsigned kPages = 512;
    return cost(kPages, [] {
        const long memory = mmap_anonymous(kPages * kPage, PROT_READ | PROT_WRITE);
        CHECK(memory > 0);
        auto* const bytes = reinterpret_cast<volatile char*>(memory);
        const uint64_t start = rdtsc();
        for (size_t i = 0; i < kPages; ++i) bytes[i * kPage] = 1;
        const uint64_t ticks = rdtsc() - start;
        CHECK_EQ(munmap(static_cast<uint64_t>(memory), kPages * kPage), 0);
        return ticks;
    });
}

/// A byte, written on its own, all the way to the UART. No batches: the UART may take bytes later than they
/// are written, and then the cheapest batch would be one that left the work to the next. Where a thread
/// brings the bytes to the UART, it gets the processor at the end.
uint64_t console_byte() {
    constexpr unsigned kBytes = 500;
    const auto write_one = [] { write(1, "\r", 1); };  // leaves no trace on the screen
    write_one();
    const uint64_t start = rdtsc();
    for (unsigned i = 0; i < kBytes; ++i) write_one();
    sched_yield();
    return (rdtsc() - start + kBytes / 2) / kBytes;
}

struct Operation {
    const char* name;
    uint64_t (*cost)();
};

constexpr Operation kOperations[] = {
    {"null-call", null_call},
    {"yield-alone", yield_alone},
    {"yield-to-another", yield_to_another},
    {"pipe-one-process", pipe_one_process},
    {"pipe-round-trip", pipe_round_trip},
    {"fork-exit-wait", fork_exit_wait},
    {"fork-exec-exit-wait", fork_exec_exit_wait},
    {"fresh-page", fresh_page},
    {"console-byte", console_byte},
};

/// Measures the operation called `name`, or all. False when there is none.
bool measure(const char* name) {
    bool found = false;
    for (const Operation& operation : kOperations) {
        if (name && !same(name, operation.name)) continue;
        found = true;
        const unsigned long ticks = operation.cost();
        print("bench %s %lu\n", operation.name, ticks);
    }
    return found;
}

// ---- Scaling

uint64_t now() {
    Timespec time{0, 0};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.seconds) * 1'000'000'000 + static_cast<uint64_t>(time.nanoseconds);
}

/// Repeats `operation` until `end` and returns how often. Looks at the clock once in `chunk` times.
template <class F>
uint64_t repeat_until(uint64_t end, unsigned chunk, F&& operation) {
    uint64_t count = 0;
    while (now() < end) {
        for (unsigned i = 0; i < chunk; ++i) operation();
        count += chunk;
    }
    return count;
}

uint64_t repeat_null_call(uint64_t end) {
    return repeat_until(end, 1000, [] { bare_call(SYS_getpid); });
}
uint64_t repeat_round_trip(uint64_t end) {
    Echo echo;
    return repeat_until(end, 100, [&] { echo.round_trip(); });
}
uint64_t repeat_fork(uint64_t end) {
    return repeat_until(end, 10, fork_and_wait);
}

struct ScalingOperation {
    const char* name;
    uint64_t (*repeat)(uint64_t end);
};

constexpr ScalingOperation kScalingOperations[] = {
    {"null-call", repeat_null_call},
    {"pipe-round-trip", repeat_round_trip},
    {"fork-exit-wait", repeat_fork},
};

/// Prints "scaling start NAME WORKERS" when `workers` processes begin, and "scaling end NAME WORKERS
/// OPERATIONS", with their sum, when all have ended: whoever reads this has a clock of his own.
void scale(const ScalingOperation& operation, int workers, long seconds) {
    int gate[2] = {-1, -1};
    int results[2] = {-1, -1};
    CHECK_EQ(pipe(gate), 0);
    CHECK_EQ(pipe(results), 0);
    for (int i = 0; i < workers; ++i) {
        start_child([&] {
            uint64_t end = 0;
            CHECK_EQ(read(gate[0], &end, sizeof end), sizeof end);
            const uint64_t count = operation.repeat(end);
            CHECK_EQ(write(results[1], &count, sizeof count), sizeof count);
        });
    }
    close(results[1]);  // so that the end of all workers would end a wait for them
    print("scaling start %s %d\n", operation.name, workers);
    const uint64_t end = now() + static_cast<uint64_t>(seconds) * 1'000'000'000;
    for (int i = 0; i < workers; ++i) CHECK_EQ(write(gate[1], &end, sizeof end), sizeof end);
    unsigned long total = 0;
    for (int i = 0; i < workers; ++i) {
        uint64_t count = 0;
        CHECK_EQ(read(results[0], &count, sizeof count), sizeof count);
        total += count;
    }
    print("scaling end %s %d %lu\n", operation.name, workers, total);
    for (int i = 0; i < workers; ++i) {
        int status = -1;
        CHECK(wait4(-1, &status) > 0);
        CHECK_EQ(status, exited(0));
    }
    for (const int fd : {gate[0], gate[1], results[0]}) close(fd);
}

// ---- Arguments

constexpr int kMaximumWords = 4;

int usage() {
    print_to(2, "usage: bench [OPERATION | scaling SECONDS WORKERS]\n");
    return 2;
}

int run(int count, char** words) {
    long seconds = 0;
    long workers = 0;
    if (count > 0 && same(words[0], "scaling")) {
        if (count != 3 || !parse_number(words[1], seconds) || !parse_number(words[2], workers))
            return usage();
        for (const ScalingOperation& operation : kScalingOperations)
            scale(operation, static_cast<int>(workers), seconds);
    } else if (count > 1 || !measure(count ? words[0] : nullptr)) {
        return usage();
    }
    return passed();
}

/// Takes the first line of /etc/bench, if there is one, apart into words. Returns how many there are.
int read_words(LineReader& reader, char** words) {
    if (!reader.next()) return 0;
    int count = 0;
    for (char* next = reader.text(); *next && count < kMaximumWords;) {
        words[count++] = next;
        while (*next && *next != ' ') ++next;
        while (*next == ' ') *next++ = '\0';
    }
    return count;
}

}  // namespace

int main(int argc, char** argv) {
    test_name = "bench";
    if (getpid() != 1) return run(argc - 1, argv + 1);
    LineReader reader(static_cast<int>(open_input("/etc/bench")));
    char* words[kMaximumWords];
    const int status = run(read_words(reader, words), words);
    power_off();
    return status;
}
