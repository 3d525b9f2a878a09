/// @file
/// Workers of `soak` in which each process has memory of its own. Each works until `end`, a time as now() has
/// it, checks all results, and returns how much it has done.
#pragma once

#include <initializer_list>

#include <userland/lib/io.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/bases.h>
#include <userland/tests/registers.h>
#include <userland/tests/soak_common.h>

namespace soak {

/// Processes that end in any order, waited for in another. Counts processes.
inline uint64_t forks(uint64_t end) {
    constexpr int kMost = 5;
    Chance chance = own_chance();
    uint64_t count = 0;
    while (now() < end) {
        const int children = 1 + static_cast<int>(chance.below(kMost));
        long pids[kMost];
        for (int i = 0; i < children; ++i) {
            const uint64_t yields = chance.below(8);
            pids[i] = start_child([=] {
                for (uint64_t j = 0; j < yields; ++j) sched_yield();
                if (yields == 1) exit((run_in_child([=] { exit(i); }) >> 8) + 1);
                exit(i + 1);
            });
        }
        if (chance.below(2)) {
            for (int i = children - 1; i >= 0; --i) CHECK_EQ(wait_for(pids[i]), exited(i + 1));
        } else {
            for (int left = children; left > 0; --left) {
                int status = 0;
                const long pid = wait4(-1, &status);
                int i = 0;
                while (i < children && pids[i] != pid) ++i;
                CHECK(i < children);
                CHECK_EQ(status, exited(i + 1));
                pids[i] = 0;
            }
        }
        count += static_cast<uint64_t>(children);
    }
    return count;
}

inline constexpr char kExecText[] = "what exec(2) hands over";

/// The program that execs() runs: `soak exit CODE TEXT`.
inline int exec_target(int argc, char** argv) {
    if (argc != 4 || !same(argv[3], kExecText) || !environ || environ[0]) return 255;
    return argv[2][0] - 'a';
}

[[noreturn]] inline void exec_exit(int code) {
    char path[] = "/tests/soak", command[] = "exit", letter[] = {static_cast<char>('a' + code), 0}, text[40];
    format_text(text, sizeof text, "%s", kExecText);
    char* const arguments[] = {path, command, letter, text, nullptr};
    char* const environment[] = {nullptr};
    fail("execve: %s", error_text(execve(path, arguments, environment)));
}

/// New programs, some of them in the place of one that shared its memory. Counts programs.
inline uint64_t execs(uint64_t end) {
    Chance chance = own_chance();
    uint64_t count = 0;
    for (; now() < end; ++count) {
        const int code = static_cast<int>(chance.below(26));
        if (chance.below(3) == 0) {
            const long pid = start_thread(
                0, [](void* argument) { exec_exit(*static_cast<int*>(argument)); }, const_cast<int*>(&code));
            CHECK_EQ(wait_for(pid), exited(code));
        } else {
            CHECK_EQ(run_in_child([=] { exec_exit(code); }), exited(code));
        }
    }
    return count;
}

/// Waits until init has buried all orphans that have ended so far: it takes the oldest first. Without this,
/// orphans are made faster than a busy machine gets round to them, until there is no room for more tasks.
inline void wait_for_init() {
    int ends[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    const int status = run_in_child([&] {
        start_child([&] {
            const long pid = getpid();
            CHECK_EQ(write(ends[1], &pid, sizeof pid), sizeof pid);
        });
    });
    CHECK_EQ(status, exited(0));
    long orphan = 0;
    CHECK_EQ(read(ends[0], &orphan, sizeof orphan), sizeof orphan);
    for (const int fd : ends) close(fd);
    while (kill(orphan, 0) == 0) sleep_milliseconds(1);
}

/// Processes whose parents end first; init takes them over. Counts orphans.
inline uint64_t orphans(uint64_t end) {
    Chance chance = own_chance();
    uint64_t count = 0;
    while (now() < end) {
        const uint64_t generations = 1 + chance.below(4);
        int ends[2] = {-1, -1};
        CHECK_EQ(pipe(ends), 0);
        const int status = run_in_child([&] {
            for (uint64_t i = 0; i < generations; ++i) {
                if (start_child([] {}) <= 0) exit(9);  // and one that is a zombie when its parent ends
                const long pid = fork();
                if (pid < 0) fail("fork: %s", error_text(pid));
                if (pid > 0) exit(0);
                Chance own = own_chance();
                pause_somehow(own);
                CHECK_EQ(write(ends[1], "o", 1), 1);
            }
        });
        CHECK_EQ(status, exited(0));
        close(ends[1]);
        uint64_t bytes = 0;
        for (char c; read(ends[0], &c, 1) == 1;) ++bytes;  // until the last one has ended
        CHECK(bytes == generations);
        close(ends[0]);
        wait_for_init();
        count += 2 * generations;
    }
    return count;
}

/// The bytes that go through the pipes: reproducible, and never in step with the chunks.
class Stream {
  public:
    explicit Stream(uint64_t seed) : chance_(seed) {}
    char next() { return static_cast<char>(chance_.next() >> 32); }

  private:
    Chance chance_;
};

/// From a process that makes bytes through one that changes them to one that checks them, in portions of
/// any size. Counts KiB.
inline uint64_t pipes(uint64_t end) {
    constexpr size_t kMostBytes = 5000;  // more than a pipe holds
    constexpr char kChange = 0x5a;
    static char buffer[kMostBytes];
    Chance chance = own_chance();
    uint64_t count = 0;
    while (now() < end) {
        const uint64_t seed = chance.next();
        const uint64_t size = 1024 * (1 + chance.below(128));
        int first[2] = {-1, -1}, second[2] = {-1, -1};
        CHECK_EQ(pipe(first), 0);
        CHECK_EQ(pipe(second), 0);
        const long maker = start_child([&] {
            Stream stream(seed);
            for (uint64_t left = size; left > 0;) {
                size_t portion = 1 + chance.below(kMostBytes);
                if (portion > left) portion = left;
                for (size_t i = 0; i < portion; ++i) buffer[i] = stream.next();
                CHECK_EQ(write_all(first[1], buffer, portion), 0);
                left -= portion;
            }
        });
        close(first[1]);
        const long changer = start_child([&] {
            close(second[0]);
            for (;;) {
                const long got = read(first[0], buffer, 1 + chance.below(kMostBytes));
                if (got == 0) return;
                CHECK(got > 0);
                for (long i = 0; i < got; ++i) buffer[i] ^= kChange;
                CHECK_EQ(write_all(second[1], buffer, static_cast<size_t>(got)), 0);
            }
        });
        close(first[0]);
        close(second[1]);
        Stream stream(seed);
        uint64_t received = 0;
        for (;;) {
            const long got = read(second[0], buffer, 1 + chance.below(kMostBytes));
            if (got == 0) break;
            CHECK(got > 0);
            for (long i = 0; i < got; ++i)
                if (buffer[i] != static_cast<char>(stream.next() ^ kChange))
                    fail("byte %lu of %lu changed in a pipe", received + static_cast<uint64_t>(i), size);
            received += static_cast<uint64_t>(got);
        }
        CHECK(received == size);
        close(second[0]);
        CHECK_EQ(wait_for(changer), exited(0));
        CHECK_EQ(wait_for(maker), exited(0));
        count += size / 1024;
    }
    return count;
}

/// Memory that must be zero when it comes, and its copy-on-write copies. Counts pages.
inline uint64_t pages(uint64_t end) {
    constexpr uint64_t kPages = 48;
    constexpr uint64_t kWords = kPage / sizeof(uint64_t);
    Chance chance = own_chance();
    uint64_t count = 0;
    for (; now() < end; count += kPages) {
        const long mapped = mmap_anonymous(kPages * kPage, PROT_READ | PROT_WRITE);
        CHECK(mapped > 0);
        auto* const words = reinterpret_cast<volatile uint64_t*>(mapped);
        const auto check = [=](uint64_t first, uint64_t step, uint64_t seed) {
            for (uint64_t page = first; page < kPages; page += step)
                for (uint64_t i = page % 7; i < kWords; i += 7)
                    if (const uint64_t found = words[page * kWords + i];
                        found != (seed ? seed + page * kWords + i : 0))
                        fail("page %lu holds 0x%lx at word %lu", page, found, i);
        };
        const auto fill = [=](uint64_t first, uint64_t step, uint64_t seed) {
            for (uint64_t page = first; page < kPages; page += step)
                for (uint64_t i = 0; i < kWords; ++i) words[page * kWords + i] = seed + page * kWords + i;
        };
        const uint64_t seed = chance.next() | 1;
        check(0, 1, 0);
        fill(0, 1, seed);
        const long child = start_child([=] {
            check(1, 2, seed);
            fill(0, 2, ~seed);
            check(1, 2, seed);
            check(0, 2, ~seed);
        });
        fill(1, 2, seed + 1);
        check(0, 2, seed);
        check(1, 2, seed + 1);
        CHECK_EQ(wait_for(child), exited(0));
        check(0, 2, seed);
        check(1, 2, seed + 1);
        const uint64_t half = chance.below(kPages - 1) + 1;
        const auto start = static_cast<uint64_t>(mapped);
        CHECK_EQ(munmap(start, half * kPage), 0);
        CHECK_EQ(munmap(start + half * kPage, (kPages - half) * kPage), 0);
    }
    return count;
}

/// Files of our own: what was written is there, and two processes that share a position don't write over each
/// other. Counts files.
inline uint64_t files(uint64_t end) {
    constexpr size_t kMostBytes = 20'000;
    constexpr long kRecord = 64, kRecords = 40;
    static char written[kMostBytes], found[kMostBytes];
    Chance chance = own_chance();
    char path[64];
    scratch_path(path, sizeof path);
    uint64_t count = 0;
    for (; now() < end; count += 2) {
        int fd = static_cast<int>(open(path, O_RDWR | O_CREAT | O_EXCL, 0600));
        CHECK(fd >= 0);
        const size_t size = 1 + chance.below(kMostBytes);
        for (size_t i = 0; i < size; ++i) written[i] = static_cast<char>(chance.next() >> 24);
        for (size_t done = 0; done < size;) {
            size_t portion = 1 + chance.below(3000);
            if (portion > size - done) portion = size - done;
            CHECK_EQ(write_all(fd, written + done, portion), 0);
            done += portion;
        }
        for (int i = 0; i < 8; ++i) {
            const size_t at = chance.below(size);
            size_t length = 1 + chance.below(3000);
            if (length > size - at) length = size - at;
            CHECK_EQ(lseek(fd, static_cast<long>(at), SEEK_SET), static_cast<long>(at));
            CHECK_EQ(read(fd, found, length), static_cast<long>(length));
            CHECK_EQ(memcmp(found, written + at, length), 0);
        }
        const size_t less = chance.below(size);
        CHECK_EQ(ftruncate(fd, static_cast<long>(less)), 0);
        CHECK_EQ(lseek(fd, 0, SEEK_END), static_cast<long>(less));
        CHECK_EQ(unlink(path), 0);
        close(fd);

        fd = static_cast<int>(open(path, O_RDWR | O_CREAT | O_EXCL, 0600));
        CHECK(fd >= 0);
        const auto write_records = [&](char letter) {
            char record[kRecord];
            memset(record, letter, sizeof record);
            for (long i = 0; i < kRecords; ++i) CHECK_EQ(write(fd, record, sizeof record), kRecord);
        };
        const long child = start_child([&] { write_records('c'); });
        write_records('p');
        CHECK_EQ(wait_for(child), exited(0));
        CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
        long ours = 0;
        for (long i = 0; i < 2 * kRecords; ++i) {
            CHECK_EQ(read(fd, found, kRecord), kRecord);
            for (long j = 1; j < kRecord; ++j) CHECK_EQ(found[j], found[0]);
            if (found[0] == 'p') ++ours;
        }
        CHECK_EQ(ours, kRecords);
        CHECK_EQ(read(fd, found, 1), 0);
        close(fd);
        CHECK_EQ(unlink(path), 0);
        CHECK_EQ(open(path, O_RDONLY), -ENOENT);
        CHECK_EQ(mkdir(path, 0700), 0);
        CHECK_EQ(rmdir(path), 0);
    }
    return count;
}

/// What a victim of kills() is busy with when the signal comes.
[[noreturn]] inline void be_busy(uint64_t kind) {
    int ends[2] = {-1, -1};
    static char portion[kPage];
    for (;;) {
        switch (kind) {
            case 0:
                for (volatile int i = 0;;) i = i + 1;
            case 1:
                getpid();
                break;
            case 2:
                sched_yield();
                break;
            case 3:
                sleep_milliseconds(1'000'000);
                break;
            case 4:
                pipe(ends);
                read(ends[0], portion, 1);
                break;
            case 5:
                pipe(ends);
                write(ends[1], portion, kPage);
                write(ends[1], portion, kPage);
                break;
            case 6: {
                const long memory = mmap_anonymous(16 * kPage, PROT_READ | PROT_WRITE);
                for (long i = 0; i < 16; ++i) *reinterpret_cast<volatile char*>(memory + i * 4096) = 1;
                munmap(static_cast<uint64_t>(memory), 16 * kPage);
                break;
            }
            default:
                wait_for(start_child([] {}));
        }
    }
}

/// Deaths by signal, whatever the victim does at that moment, its own exit included. Counts deaths.
inline uint64_t kills(uint64_t end) {
    constexpr int kVictims = 3;
    constexpr uint64_t kKinds = 9;
    Chance chance = own_chance();
    uint64_t count = 0;
    for (; now() < end; count += kVictims) {
        long pids[kVictims];
        uint64_t kinds[kVictims];
        for (int i = 0; i < kVictims; ++i) {
            const uint64_t kind = kinds[i] = chance.below(kKinds);
            const uint64_t yields = chance.below(20);
            const auto live = [=] {
                if (kind + 1 < kKinds) be_busy(kind);
                for (uint64_t j = 0; j < yields; ++j) sched_yield();
                exit(77);
            };
            pids[i] = start_child(live);
        }
        for (int i = 0; i < kVictims; ++i) {
            pause_somehow(chance);
            const int signal = chance.below(2) ? SIGKILL : SIGTERM;
            CHECK_EQ(kill(pids[i], signal), 0);
            const int status = wait_for(pids[i]);
            if (kinds[i] + 1 == kKinds && status == exited(77)) continue;
            CHECK_EQ(status, signal);
            CHECK_EQ(kill(pids[i], 0), -ESRCH);
        }
        wait_for_init();  // a victim may have had a child
    }
    return count;
}

/// Process groups that are killed while they grow: nobody may escape, not even one that is being made. Counts
/// groups.
inline uint64_t groups(uint64_t end) {
    Chance chance = own_chance();
    uint64_t count = 0;
    for (; now() < end; ++count) {
        int alive[2] = {-1, -1}, ready[2] = {-1, -1};
        CHECK_EQ(pipe(alive), 0);
        CHECK_EQ(pipe(ready), 0);
        const long leader = start_child([&] {
            CHECK_EQ(setpgid(0, 0), 0);
            CHECK_EQ(write(ready[1], "r", 1), 1);
            for (int i = 0; i < 2; ++i) {
                start_child([] {
                    for (;;) {
                        const long member = start_child([] { sleep_milliseconds(1'000'000'000); });
                        kill(member, SIGKILL);
                        wait_for(member);
                    }
                });
            }
            for (;;) sleep_milliseconds(1'000'000);
        });
        char c;
        CHECK_EQ(read(ready[0], &c, 1), 1);
        pause_somehow(chance);
        CHECK_EQ(kill(-leader, SIGKILL), 0);
        CHECK_EQ(wait_for(leader), SIGKILL);
        close(alive[1]);
        CHECK_EQ(read(alive[0], &c, 1), 0);  // waits until the last member has ended
        for (const int fd : {alive[0], ready[0], ready[1]}) close(fd);
        wait_for_init();
    }
    return count;
}

/// Sleeps that must not be too short. Counts sleeps.
inline uint64_t sleeps(uint64_t end) {
    Chance chance = own_chance();
    uint64_t count = 0;
    for (; now() < end; ++count) {
        const uint64_t milliseconds = 1 + chance.below(5);
        const uint64_t start = now();
        sleep_milliseconds(static_cast<long>(milliseconds));
        CHECK(now() - start >= milliseconds * 1'000'000);
    }
    return count;
}

extern "C" {
/// Like syscall_probe(), but with a loop of probe_in.rcx turns in place of the instruction.
void spin_probe();
}
asm(R"(
    .text
    .globl spin_probe
    .type spin_probe, @function
spin_probe:
    LOAD_REGISTERS
1:  loop 1b
    STORE_REGISTERS
    ret
    .size spin_probe, . - spin_probe
)");

/// Every register, flag and base of ours, over switches that we ask for and others. Counts rounds.
inline uint64_t registers(uint64_t end) {
    static uint64_t words[2];
    Chance chance = own_chance();
    const bool instructions = has_fsgsbase();
    uint64_t count = 0;
    for (; now() < end; ++count) {
        const uint64_t seed = chance.next();
        // With the instructions, bases that lead nowhere; else such that their words can be read.
        const uint64_t fs = instructions ? seed >> 17 : reinterpret_cast<uint64_t>(&words[0]);
        const uint64_t gs = instructions ? ~(seed >> 17) : reinterpret_cast<uint64_t>(&words[1]);
        words[0] = seed;
        words[1] = ~seed;
        if (instructions) {
            write_fs_base(fs);
            write_gs_base(gs);
        } else {
            CHECK_EQ(arch_prctl(ARCH_SET_FS, fs), 0);
            CHECK_EQ(arch_prctl(ARCH_SET_GS, gs), 0);
        }
        const auto check_bases = [&] {
            if (instructions) {
                CHECK(read_fs_base() == fs);
                CHECK(read_gs_base() == gs);
            } else {
                CHECK(word_at_fs() == seed);
                CHECK(word_at_gs() == ~seed);
            }
        };
        const auto fill = [&](uint64_t number) {
            fill_pattern(probe_in, seed + number);
            if (number & 2) probe_in.rflags |= RFLAGS_DF | RFLAGS_NT | RFLAGS_AC;
        };
        for (uint64_t i = 0; i < 16; ++i) {
            fill(i);
            probe_in.rax = SYS_sched_yield;
            syscall_probe();
            check_registers("yield");
            check_bases();
        }
        fill(seed & 3);
        probe_in.rcx = 1 + chance.below(300'000);
        spin_probe();
        CHECK(probe_out.rax == probe_in.rax && probe_out.rcx == 0 && probe_out.r11 == probe_in.r11);
        probe_out.rcx = reinterpret_cast<uint64_t>(probe_return);
        probe_out.r11 = probe_in.rflags;
        check_registers("loop");
        check_bases();
    }
    return count;
}

}  // namespace soak
