/// @file
/// Workers of `soak` whose threads, processes that share memory, change their address space under each
/// other's feet. A processor that remembers a page for longer than it may shows as a value that can't be.
/// Each works until `end`, a time as now() has it, and returns how much it has done.
#pragma once

#include <userland/tests/bases.h>
#include <userland/tests/soak_common.h>

namespace soak {

/// Anonymous memory to read and write.
inline uint64_t map_pages(uint64_t pages) {
    const long memory = mmap_anonymous(pages * kPage, PROT_READ | PROT_WRITE);
    if (memory < 0) fail("mmap: %s", error_text(memory));
    return static_cast<uint64_t>(memory);
}
inline volatile uint64_t& word_at(uint64_t address) {
    return *reinterpret_cast<volatile uint64_t*>(address);
}

/// Threads that come and go, map and unmap, and add to the same numbers. Counts threads.
inline uint64_t threads(uint64_t end) {
    static uint64_t sum;
    static uint64_t own_words[kThreads];
    Chance chance = own_chance();
    uint64_t expected = 0;
    uint64_t count = 0;
    while (now() < end) {
        const int number = 1 + static_cast<int>(chance.below(kThreads));
        long pids[kThreads];
        for (int i = 0; i < number; ++i) {
            own_words[i] = chance.next() | 1;
            expected += own_words[i] * 3;
            pids[i] = clone(
                CLONE_VM | CLONE_SETTLS, thread_stacks[i] + kThreadStack,
                [](void*) {
                    const uint64_t word = word_at_fs();
                    for (uint64_t round = 0; round < 3; ++round) {
                        const uint64_t memory = map_pages(2);
                        CHECK(word_at(memory) == 0 && word_at(memory + kPage) == 0);
                        word_at(memory) = word;
                        word_at(memory + kPage) = word;
                        if (word & 8) sched_yield();
                        CHECK(word_at(memory) == word && word_at(memory + kPage) == word);
                        CHECK_EQ(munmap(memory, 2 * kPage), 0);
                        __atomic_fetch_add(&sum, word_at_fs(), __ATOMIC_RELAXED);
                    }
                    exit(static_cast<int>(word >> 8 & 0x7f));
                },
                nullptr, reinterpret_cast<uint64_t>(&own_words[i]));
            CHECK(pids[i] > 0);
        }
        for (int i = 0; i < number; ++i)
            CHECK_EQ(wait_for(pids[i]), exited(static_cast<int>(own_words[i] >> 8 & 0x7f)));
        CHECK(load(sum) == expected);
        count += static_cast<uint64_t>(number);
    }
    return count;
}

/// What remap() puts into its pages: its mark and a generation.
inline constexpr uint64_t kRemapMark = 0x5ea1;
inline constexpr uint64_t kRemapPages = 3;

struct Remap {
    uint64_t start = 0;
    uint64_t generation = 0;  ///< mapped anew for the last time for this one
    bool stop = false;
};

/// New memory in the place of old, while others read it: they must find memory there at every moment, and
/// nothing older than what has been replaced. Counts replacements.
inline uint64_t remap(uint64_t end) {
    static Remap shared;
    shared.start = map_pages(kRemapPages);
    long pids[kThreads];
    for (int i = 0; i < kThreads; ++i) {
        pids[i] = start_thread(i, [](void*) {
            while (!load(shared.stop)) {
                for (uint64_t page = 0; page < kRemapPages; ++page) {
                    const uint64_t generation = load(shared.generation);
                    const uint64_t value = word_at(shared.start + page * kPage);
                    if (value == 0) continue;
                    if (value >> 48 != kRemapMark || (value & 0xffff'ffff) < generation)
                        fail("remap: 0x%lx read after generation %lu", value, generation);
                }
            }
        });
    }
    Chance chance = own_chance();
    uint64_t generation = 0;
    while (now() < end) {
        CHECK_EQ(mmap_at(shared.start, kRemapPages * kPage, PROT_READ | PROT_WRITE),
                 static_cast<long>(shared.start));
        store(shared.generation, ++generation);
        for (uint64_t page = 0; page < kRemapPages; ++page) {
            CHECK(word_at(shared.start + page * kPage) == 0);
            word_at(shared.start + page * kPage) = kRemapMark << 48 | generation;
        }
        if (chance.below(8) == 0) wait_for(start_child([] {}));
        if (chance.below(2)) sched_yield();
    }
    store(shared.stop, true);
    for (const long pid : pids) CHECK_EQ(wait_for(pid), exited(0));
    CHECK_EQ(munmap(shared.start, kRemapPages * kPage), 0);
    shared = {};
    return generation;
}

/// A page, and who may still use it.
struct Victim {
    uint64_t start = 0;
    uint64_t pages = 0;
    uint64_t ready = 0;  ///< threads that have used it
    bool gone = false;   ///< nobody may from now on
};
inline Victim victim;

/// How the threads of protect() and unmap() get at a page: by themselves, which ends in their deaths, or
/// through the kernel, which tells them. The kernel reports each death on the console, so these are rare.
inline bool by_themselves(Chance& chance) {
    return chance.below(16) == 0;
}

inline void wait_until_ready(uint64_t number) {
    while (load(victim.ready) < number) sched_yield();
}

/// Memory that becomes read-only while another writes to it. Counts changes.
inline uint64_t protect(uint64_t end) {
    Chance chance = own_chance();
    uint64_t count = 0;
    const uint64_t start = map_pages(1);
    for (; now() < end; ++count) {
        victim = {.start = start, .pages = 1};
        word_at(start) = 0;
        const bool dies = by_themselves(chance);
        const auto write_it = [](void*) {
            for (;;) {
                word_at(victim.start) = word_at(victim.start) + 1;
                store(victim.ready, uint64_t{1});
            }
        };
        const auto have_it_written = [](void*) {
            for (;;) {
                const bool gone = load(victim.gone);
                const long result = clock_gettime(CLOCK_MONOTONIC, reinterpret_cast<Timespec*>(victim.start));
                if (result == -EFAULT) exit(0);
                if (gone) fail("protect: the kernel wrote to read-only memory");
                CHECK_EQ(result, 0);
                store(victim.ready, uint64_t{1});
            }
        };
        const long pid = dies ? start_thread(0, write_it) : start_thread(0, have_it_written);
        wait_until_ready(1);
        if (chance.below(2)) sched_yield();
        CHECK_EQ(mprotect(start, kPage, PROT_READ), 0);
        store(victim.gone, true);
        const uint64_t before = word_at(start);
        for (int i = 0; i < 200; ++i)
            if (const uint64_t after = word_at(start); after != before)
                fail("protect: read-only memory changed from 0x%lx to 0x%lx", before, after);
        CHECK_EQ(wait_for(pid), dies ? SIGSEGV : exited(0));
        CHECK(word_at(start) == before);
        CHECK_EQ(mprotect(start, kPage, PROT_READ | PROT_WRITE), 0);
    }
    CHECK_EQ(munmap(start, kPage), 0);
    return count;
}

inline constexpr char kNoSuchFile[] = "/nosuch";

/// Memory that goes away while others read it. Counts unmappings.
inline uint64_t unmap(uint64_t end) {
    constexpr int kReaders = 2;
    constexpr uint64_t kMostPages = 100;  // more than is done in one go
    Chance chance = own_chance();
    uint64_t content = 0;
    __builtin_memcpy(&content, kNoSuchFile, sizeof content);
    uint64_t count = 0;
    for (; now() < end; ++count) {
        const uint64_t pages = chance.below(2) ? 1 : 1 + chance.below(kMostPages);
        victim = {.start = map_pages(pages), .pages = pages};
        for (uint64_t page = 0; page < pages; ++page) word_at(victim.start + page * kPage) = content;
        const bool die = by_themselves(chance);
        const auto read_it = [](void*) {
            uint64_t expected = 0;
            __builtin_memcpy(&expected, kNoSuchFile, sizeof expected);
            for (uint64_t page = 0;; page = (page + 1) % victim.pages) {
                const bool gone = load(victim.gone);
                const uint64_t value = word_at(victim.start + page * kPage);
                if (gone || value != expected)
                    fail("unmap: 0x%lx read %s", value, gone ? "too late" : "in time");
                if (page + 1 == victim.pages) __atomic_fetch_add(&victim.ready, 1, __ATOMIC_RELEASE);
            }
        };
        const auto have_it_read = [](void*) {
            for (uint64_t page = 0;; page = (page + 1) % victim.pages) {
                const bool gone = load(victim.gone);
                const long result =
                    open(reinterpret_cast<const char*>(victim.start + page * kPage), O_RDONLY);
                if (result == -EFAULT) exit(0);
                if (gone || result != -ENOENT)
                    fail("unmap: open() is %ld %s", result, gone ? "too late" : "in time");
                if (page + 1 == victim.pages) __atomic_fetch_add(&victim.ready, 1, __ATOMIC_RELEASE);
            }
        };
        long pids[kReaders];
        for (int i = 0; i < kReaders; ++i)
            pids[i] = die ? start_thread(i, read_it) : start_thread(i, have_it_read);
        wait_until_ready(kReaders);
        if (chance.below(2)) sched_yield();
        CHECK_EQ(munmap(victim.start, pages * kPage), 0);
        store(victim.gone, true);
        for (const long pid : pids) CHECK_EQ(wait_for(pid), die ? SIGSEGV : exited(0));
    }
    return count;
}

/// The pages of cow(): two that each writer goes through in order, and one with a sum of all.
struct CopiedPages {
    uint64_t first[kPage / sizeof(uint64_t)];
    uint64_t second[kPage / sizeof(uint64_t)];
    uint64_t sum[kPage / sizeof(uint64_t)];
};
alignas(4096) inline CopiedPages copied;
inline constexpr int kWriters = 2;
inline constexpr uint64_t kLine = 8;  ///< words from one writer's number to the other's

struct Writers {
    uint64_t added[kWriters] = {};  ///< how often each one has added to the sum
    bool stop = false;
};
inline Writers writers;

/// Both pages of a writer: the first one is written first, so what is read there later is no less. `where`
/// says who looks.
inline void check_order(int writer, const char* where) {
    const uint64_t second = load(copied.second[static_cast<uint64_t>(writer) * kLine]);
    const uint64_t first = load(copied.first[static_cast<uint64_t>(writer) * kLine]);
    if (first < second) fail("cow: %lu read after %lu by the %s", first, second, where);
}

/// Copies of an address space that others are writing to: no write is lost, and none is seen before one that
/// came earlier. Counts copies.
inline uint64_t cow(uint64_t end) {
    Chance chance = own_chance();
    copied = {};
    writers = {};
    long pids[kThreads];
    for (uint64_t i = 0; i < kThreads; ++i) {
        const auto write = [](void* argument) {
            const uint64_t writer = reinterpret_cast<uint64_t>(argument);
            for (uint64_t value = 1; !load(writers.stop); ++value) {
                store(copied.first[writer * kLine], value);
                store(copied.second[writer * kLine], value);
                __atomic_fetch_add(&copied.sum[0], 1, __ATOMIC_RELAXED);
                ++writers.added[writer];
            }
        };
        const auto look = [](void*) {
            while (!load(writers.stop))
                for (int writer = 0; writer < kWriters; ++writer) check_order(writer, "reader");
        };
        pids[i] = i < kWriters ? start_thread(static_cast<int>(i), write, reinterpret_cast<void*>(i))
                               : start_thread(static_cast<int>(i), look);
    }
    uint64_t count = 0;
    for (; now() < end; ++count) {
        const uint64_t yields = chance.below(4);
        const long child = start_child([=] {
            for (int writer = 0; writer < kWriters; ++writer) check_order(writer, "copy");
            const uint64_t sum = copied.sum[0];
            for (uint64_t i = 0; i < yields; ++i) sched_yield();
            if (copied.sum[0] != sum) fail("cow: a copy changed");
            for (uint64_t& word : copied.first) word = 0;
        });
        for (int writer = 0; writer < kWriters; ++writer) check_order(writer, "parent");
        CHECK_EQ(wait_for(child), exited(0));
    }
    store(writers.stop, true);
    for (const long pid : pids) CHECK_EQ(wait_for(pid), exited(0));
    if (copied.sum[0] != writers.added[0] + writers.added[1])
        fail("cow: %lu additions left of %lu", copied.sum[0], writers.added[0] + writers.added[1]);
    return count;
}

}  // namespace soak
