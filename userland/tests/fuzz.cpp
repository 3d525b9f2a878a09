/// @file
/// fuzz [CALLS [SEED [WORKERS [FIRST]]]]: makes system calls that nobody would, and checks after each that
/// the kernel kept the ABI: every register but RAX, RCX and R11 is as it was, the bases too, RCX and R11 are
/// what SYSCALL makes them, and nothing in a register or in memory looks like an address of the kernel.
/// Number, arguments, flags, bases and RSP of call n follow from the seed and n alone, so a run can be
/// repeated from any FIRST on, a multiple of the batch.
///
/// Each batch of calls is made by a process of its own. Calls may end it or make it sleep: a worker watches
/// it, ends it when it sleeps, and has the next process go on behind that call. Workers share the batches.
#include <initializer_list>

#include <userland/lib/program.h>
#include <userland/tests/fuzz_calls.h>

namespace {

using namespace fuzz;

constexpr uint64_t kBatch = 2000;
constexpr uint64_t kMostWorkers = 8;
/// A process that neither sleeps nor gets on for so long is caught in the kernel.
constexpr uint64_t kPatience = 30'000'000'000;
/// One that does not get on for so long after a call that may wait is ended as if it slept.
constexpr uint64_t kBusyWait = 3'000'000'000;
/// From so many calls on, each of kCalls must have been made.
constexpr uint64_t kEnoughForAll = 100'000;

uint64_t total = 2 * kBatch;
uint64_t seed = 1;
uint64_t workers = 1;
uint64_t first = 0;

/// What the process that makes the calls tells its worker: a word with the index of a call, and what about
/// it.
enum Report : uint64_t {
    kMay = 0,             ///< it is about to be made, and may end the process or sleep
    kFailed = 1UL << 62,  ///< it did something wrong
    kEnd = 2UL << 62,     ///< it was the last one; Findings follow
};
constexpr uint64_t kReportIndex = (1UL << 62) - 1;

/// By number, a bit each.
struct Findings {
    uint64_t known[kNumbers / 64];      ///< some call had another result than ENOSYS
    uint64_t succeeded[kNumbers / 64];  ///< some call had no error
};

/// What a worker adds up, and writes to the one who started it.
struct Counts {
    uint64_t calls;
    uint64_t processes;       ///< that made them
    uint64_t slept;           ///< of these, ended because they slept
    uint64_t died;            ///< of these, ended by their call
    uint16_t made[kNumbers];  ///< by number, up to 65535
    Findings findings;
};
Counts counts;

void set_bit(uint64_t* bits, uint32_t number) {
    bits[number / 64] |= 1UL << number % 64;
}
void add(Findings& to, const Findings& more) {
    for (size_t i = 0; i < kNumbers / 64; ++i) {
        to.known[i] |= more.known[i];
        to.succeeded[i] |= more.succeeded[i];
    }
}
bool has_bit(const uint64_t* bits, uint32_t number) {
    return bits[number / 64] >> number % 64 & 1;
}

// ---- The process that makes the calls

uint64_t index_now = 0;
constinit Draw draw_now;
Findings findings;

void tell(Report what) {
    const struct {
        uint64_t word;
        Findings found;
    } report{what | index_now, findings};
    const size_t size = what == kEnd ? sizeof report : sizeof report.word;
    if (write(kReports, &report, size) != static_cast<long>(size)) exit(1);
}

/// Says what call `index_now` did wrong, and ends the process.
[[noreturn, gnu::format(printf, 1, 2)]] void accuse(const char* format, ...) {
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vformat_text(text, sizeof text, format, arguments);
    va_end(arguments);
    const uint64_t* const a = draw_now.arguments;
    print_to(kConsole, "fuzz: call %lu, %s 0x%lx(0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx): %s\n", index_now,
             draw_now.call ? draw_now.call->name : "number", draw_now.number, a[0], a[1], a[2], a[3], a[4],
             a[5], text);
    tell(kFailed);
    exit(1);
}

/// True for what may be an address of the kernel. Small negative numbers are errors and the like.
bool looks_like_the_kernels(uint64_t value) {
    return value >= 0xffff800000000000 && value < static_cast<uint64_t>(-4095);
}

alignas(8) char data_master[kPage];
uint64_t* data_page() {
    return reinterpret_cast<uint64_t*>(kData);
}

/// Descriptors 0 to 12, so that there is one of each kind, and nothing above but the two that stay.
void open_descriptors() {
    for (int fd = 0; fd < kConsole; ++fd) close(fd);
    const auto name = [](const char* rest) {
        static char path[40];
        format_text(path, sizeof path, "%s%s", folder, rest);
        return path;
    };
    int ends[2] = {-1, -1};
    open("/dev/null", O_RDWR);
    open(name("/a"), O_RDWR | O_CREAT, 0644);
    open(name("/a"), O_WRONLY | O_APPEND);
    open("/dev/console", O_RDONLY);
    pipe(ends);
    pipe(ends, O_NONBLOCK);
    open(folder, O_RDONLY | O_DIRECTORY);
    open("/proc/meminfo", O_RDONLY);
    open("/dev/zero", O_RDWR);
    open("/proc", O_RDONLY | O_DIRECTORY);
    pipe(ends);
    close(ends[0]);  // nobody reads
    CHECK_EQ(dup(0), ends[0]);
    CHECK_EQ(ends[1], 13);
}

/// FS and GS base, as they must be.
uint64_t fs_base, gs_base;
bool base_instructions;

void draw_bases(Chance& chance) {
    if (!base_instructions || chance.below(8)) return;
    const auto draw = [&] {
        const uint64_t base = bad_pointer(chance);
        return base - (1UL << 47) < 0xffff000000000000 ? chance.next() >> 17 : base;  // must be canonical
    };
    write_fs_base(fs_base = draw());
    write_gs_base(gs_base = draw());
}

void check_bases(uint64_t result) {
    if (!base_instructions) return;
    if (static_cast<uint32_t>(draw_now.number) == SYS_arch_prctl && result == 0) {
        if (draw_now.arguments[0] == ARCH_SET_FS) fs_base = draw_now.arguments[1];
        if (draw_now.arguments[0] == ARCH_SET_GS) gs_base = draw_now.arguments[1];
    }
    if (static_cast<uint32_t>(draw_now.number) == SYS_clone && result == 0)
        return;  // a child with CLONE_SETTLS
    if (read_fs_base() != fs_base) accuse("the FS base is 0x%lx, not 0x%lx", read_fs_base(), fs_base);
    if (read_gs_base() != gs_base) accuse("the GS base is 0x%lx, not 0x%lx", read_gs_base(), gs_base);
}

/// Looks for what the kernel wrote into the page, and puts back what was there.
void check_memory() {
    auto* const master = reinterpret_cast<const uint64_t*>(data_master);
    uint64_t* const data = data_page();
    const auto number = static_cast<uint32_t>(draw_now.number);
    const bool may = number == 318 || number == SYS_arch_prctl;  // getrandom; the bases are checked
    for (size_t i = 0; i < kPage / 8; ++i) {
        const uint64_t found = data[i];
        if (found == master[i]) continue;
        data[i] = master[i];
        if (!may && looks_like_the_kernels(found))
            accuse("the kernel left 0x%lx at byte %lu of the page", found, i * 8);
    }
}

void check_result(uint64_t result) {
    const auto number = static_cast<uint32_t>(draw_now.number);
    const bool no_such_call = result == static_cast<uint64_t>(-ENOSYS);
    const bool error = result >= static_cast<uint64_t>(-4095);
    if (result >> 63 && !error) accuse("the result is 0x%lx", result);
    if (number >= kNumbers) {
        if (!no_such_call) accuse("the result is 0x%lx, not ENOSYS", result);
        return;
    }
    if (no_such_call) return;
    if (!draw_now.call) accuse("the kernel knows it, but not the list in fuzz_calls.h");
    set_bit(findings.known, number);
    if (error) return;
    set_bit(findings.succeeded, number);
    for (size_t i = 0; const char letter = draw_now.call->arguments[i]; ++i)
        if (letter == 'T' && !may_be_written(draw_now.arguments[i]))
            accuse("success, and argument %lu is no place to write to", i + 1);
}

/// Makes call `index_now` and checks all that can be.
void make_call() {
    draw_now = draw_call(seed, index_now);
    Chance& chance = draw_now.chance;
    fill_pattern(probe_in, chance.next());
    probe_in.rflags =
        RFLAGS_ALWAYS | (chance.next() & (RFLAGS_STATUS | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_ID));
    probe_in.rax = draw_now.number;
    uint64_t* const argument_registers[6] = {&probe_in.rdi, &probe_in.rsi, &probe_in.rdx,
                                             &probe_in.r10, &probe_in.r8,  &probe_in.r9};
    for (size_t i = 0; i < 6; ++i) *argument_registers[i] = draw_now.arguments[i];
    if (chance.below(2)) probe_in.rsp = chance.below(2) ? bad_pointer(chance) : good_pointer(chance);
    draw_bases(chance);
    if (may_stay(draw_now)) tell(kMay);

    syscall_probe();

    const uint64_t result = probe_out.rax;
    const auto number = static_cast<uint32_t>(draw_now.number);
    if (number == SYS_clone && result == 0 && draw_now.arguments[1]) probe_in.rsp = draw_now.arguments[1];
    char text[100];
    if (!registers_kept(text, sizeof text)) accuse("%s", text);
    check_bases(result);
    if (result == 0 && (number == SYS_fork || number == SYS_clone))
        exit(0);  // the child, which has done its part
    check_result(result);
    check_memory();
}

/// Makes the calls from `begin` on. Does not return.
[[noreturn]] void make_calls(uint64_t begin, uint64_t end) {
    index_now = begin;
    setpgid(0, 0);  // what it does to its group is nobody else's business
    open_descriptors();
    if (mmap_at(kData, kPage, PROT_READ | PROT_WRITE) < 0 ||
        mmap_at(kPlayground, kPlaygroundSize, PROT_READ | PROT_WRITE) < 0)
        accuse("no memory");
    memset(data_master, kPattern, kPage);
    make_inputs(*reinterpret_cast<Inputs*>(data_master));
    memcpy(data_page(), data_master, kPage);
    heap = static_cast<uint64_t>(brk(0));
    base_instructions = has_fsgsbase();
    for (; index_now < end; ++index_now) make_call();
    tell(kEnd);
    exit(0);
}

// ---- The worker, which watches it

/// The letter for the state of a process; 0 when there is none.
char state_of(long pid) {
    char path[40], text[100];
    format_text(path, sizeof path, "/proc/%ld/stat", pid);
    const int fd = static_cast<int>(open(path, O_RDONLY));
    if (fd < 0) return 0;
    const long got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0) return 0;
    text[got] = '\0';
    const char* const end = strchr(text, ')');
    return end && end[1] ? end[2] : '\0';
}

/// Ends the run: says what failed, and how to make it fail again.
[[noreturn]] void fail_at(uint64_t index, const char* what, int status) {
    fail("seed %lu, call %lu, number 0x%lx: %s (status 0x%x); again: make fuzz SEED=%lu FIRST=%lu CALLS=%lu",
         seed, index, draw_call(seed, index).number, what, status, seed, index / kBatch * kBatch, kBatch);
}

/// Removes what the calls made in our folder, and the folder.
void remove_files() {
    Inputs in;
    make_inputs(in);
    for (int i = 3; i >= 0; --i) {
        // What was renamed may have brought its `e` along.
        char inner[48];
        format_text(inner, sizeof inner, "%s/e", in.own[i]);
        for (const char* const path :
             {static_cast<const char*>(inner), static_cast<const char*>(in.own[i])}) {
            unlink(path);
            rmdir(path);
        }
    }
    rmdir(folder);
}

/// True when `call` may end a process with this status.
bool may_end(const Draw& draw, int status) {
    switch (static_cast<uint32_t>(draw.number)) {
        case 60:
        case 231:
            return status == exited(static_cast<int>(draw.arguments[0] & 0xff));
        case SYS_execve:
            return status == exited(0);
        case SYS_write:
        case 18:  // pwrite64
        case 20:  // writev
        case 40:  // sendfile
            return status == SIGPIPE;
        case SYS_kill:
        case 200:
        case 234:
            return status != 0 &&
                   status ==
                       static_cast<int>(draw.arguments[static_cast<uint32_t>(draw.number) == 234 ? 2 : 1]);
        case 14:   // rt_sigprocmask
        case 15:   // rt_sigreturn: to wherever, besides
        case 130:  // rt_sigsuspend: a signal that had to wait
            return status != 0 && status < 65;
        default:
            return false;
    }
}

/// Has a process make the calls from `begin` on. Returns the first one that it has not made.
uint64_t watch(uint64_t begin, uint64_t end, const int reports[2]) {
    remove_files();
    CHECK_EQ(mkdir(folder, 0755), 0);
    const long pid = start_child([&] {
        close(reports[0]);
        CHECK_EQ(dup2(1, kConsole), kConsole);
        CHECK_EQ(dup2(reports[1], kReports), kReports);
        make_calls(begin, end);
    });
    ++counts.processes;
    uint64_t last = begin;  // what we were told last
    bool told = false;      // that `last` is about to be made
    int asleep = 0;         // how often we have found it so since then
    bool killed = false;    // by us
    uint64_t since = now();
    for (int status = 0;;) {
        const bool ended = wait4(pid, &status, WNOHANG) == pid;
        bool news = false;
        while (last < kFailed && read(reports[0], &last, sizeof last) == sizeof last) news = told = true;
        const uint64_t index = last & kReportIndex;
        if (last & kFailed) fail_at(index, "see above", status);
        if (ended) {
            if (last & kEnd) {
                if (status != exited(0)) fail_at(index, "the process has not ended as it should", status);
                Findings found;
                CHECK_EQ(read(reports[0], &found, sizeof found), sizeof found);
                add(counts.findings, found);
                return end;
            }
            if (!told) fail_at(begin, "or one behind it ended the process", status);
            if (killed) {
                ++counts.slept;
            } else if (const Draw draw = draw_call(seed, index); may_end(draw, status)) {
                ++counts.died;
                if (draw.call) {  // one that does not return when it succeeds
                    set_bit(counts.findings.known, draw.call->number);
                    set_bit(counts.findings.succeeded, draw.call->number);
                }
            } else {
                fail_at(index, "or one behind it ended the process", status);
            }
            return index + 1;
        }
        if (news) {
            since = now();
            asleep = 0;
        }
        // Between two looks all sleepers may have been woken, to find that their time has not come.
        const char state = state_of(pid);
        if ((state == 'S' || state == 'T') && ++asleep == 3) {
            if (!told) fail_at(begin, "or one behind it sleeps", 0);
            kill(pid, SIGKILL);
            killed = true;
        }
        // Chapters 3 to 5 wait for a key without sleep.
        if (told && !killed && now() - since > kBusyWait) {
            kill(pid, SIGKILL);
            killed = true;
        }
        if (now() - since > kPatience) fail_at(index, "or one behind it does not end", 0);
        sleep_milliseconds(1);
    }
}

/// Makes every batch whose turn it is, of those from `first` to `total` further.
void work(uint64_t worker) {
    int reports[2] = {-1, -1};
    CHECK_EQ(pipe(reports), 0);
    CHECK_EQ(fcntl(reports[0], F_SETFL, O_NONBLOCK), 0);
    format_text(folder, sizeof folder, "/tmp/fuzz.%lu", worker);
    const uint64_t last = first + total;
    const uint64_t step = total / 50 > kBatch ? total / 50 : kBatch;
    uint64_t word = first + step;
    for (uint64_t begin = first + worker * kBatch; begin < last; begin += workers * kBatch) {
        const uint64_t end = begin + kBatch < last ? begin + kBatch : last;
        for (uint64_t next = begin; next < end;) next = watch(next, end, reports);
        counts.calls += end - begin;
        for (uint64_t index = begin; index < end; ++index) {
            Draw draw{.chance = chance_of(seed, index)};
            draw_number(draw);
            const auto number = static_cast<uint32_t>(draw.number);
            if (number < kNumbers && counts.made[number] < 0xffff) ++counts.made[number];
        }
        if (worker == 0 && end >= word) {
            print("fuzz: at call %lu\n", end);
            while (word <= end) word += step;
        }
    }
    remove_files();
}

// ---- Everything

void add(const Counts& more) {
    counts.calls += more.calls;
    counts.processes += more.processes;
    counts.slept += more.slept;
    counts.died += more.died;
    for (uint32_t i = 0; i < kNumbers; ++i) {
        const int sum = counts.made[i] + more.made[i];
        counts.made[i] = static_cast<uint16_t>(sum < 0xffff ? sum : 0xffff);
    }
    add(counts.findings, more.findings);
}

/// Starts the workers and adds up what they did.
void run_workers() {
    int results[2] = {-1, -1};
    CHECK_EQ(pipe(results), 0);
    long pids[kMostWorkers];
    for (uint64_t worker = 0; worker < workers; ++worker)
        pids[worker] = start_child([&] {
            work(worker);
            CHECK_EQ(write(results[1], &counts, sizeof counts), sizeof counts);
        });
    close(results[1]);
    static_assert(sizeof(Counts) <= kPage);  // a pipe takes it whole
    Counts more;
    for (size_t got = 0;;) {
        const long piece = read(results[0], reinterpret_cast<char*>(&more) + got, sizeof more - got);
        if (piece <= 0) break;
        got += static_cast<size_t>(piece);
        if (got < sizeof more) continue;
        add(more);
        got = 0;
    }
    close(results[0]);
    for (uint64_t worker = 0; worker < workers; ++worker)
        if (wait_for(pids[worker]) != 0) exit(1);  // it has said why
}

void print_counts() {
    uint64_t made = 0, known = 0, succeeded = 0;
    for (uint32_t i = 0; i < kNumbers; ++i) {
        made += counts.made[i] != 0;
        known += has_bit(counts.findings.known, i);
        succeeded += has_bit(counts.findings.succeeded, i);
    }
    print("fuzz: %lu calls by %lu processes; %lu ended by their call, %lu because they slept\n", counts.calls,
          counts.processes, counts.died, counts.slept);
    print("fuzz: of %u numbers %lu were called; the kernel knows %lu, of which %lu succeeded at least once\n",
          kNumbers, made, known, succeeded);
    for (const Call& call : kCalls) {
        if (total >= kEnoughForAll && counts.made[call.number] == 0) fail("%s was never called", call.name);
        if (has_bit(counts.findings.known, call.number) && !has_bit(counts.findings.succeeded, call.number))
            print("fuzz: %s always failed\n", call.name);
    }
}

uint64_t parse(const char* text, long least, long most) {
    long value = 0;
    if (!parse_number(text, value) || value < least || value > most)
        fail("%s: a number from %ld to %ld is wanted", text, least, most);
    return static_cast<uint64_t>(value);
}

}  // namespace

int main(int argc, char** argv) {
    test_name = "fuzz";
    constexpr long kHuge = 1'000'000'000'000;
    if (argc > 1) total = parse(argv[1], 1, kHuge);
    if (argc > 2) seed = parse(argv[2], 0, kHuge);
    if (argc > 3) workers = parse(argv[3], 1, kMostWorkers);
    if (argc > 4) first = parse(argv[4], 0, kHuge) / kBatch * kBatch;
    print("fuzz: %lu calls from number %lu on, seed %lu, workers: %lu\n", total, first, seed, workers);

    // Calls may change the terminal's mode and take it away from our group.
    Termios mode{};
    int group = 0;
    const bool terminal = ioctl(0, TCGETS, &mode) == 0 && ioctl(0, TIOCGPGRP, &group) == 0;
    mkdir("/tmp", 0777);
    run_workers();
    if (terminal) {
        ioctl(0, TCSETSW, &mode);
        ioctl(0, TIOCSPGRP, &group);
    }
    print_counts();
    CHECK_EQ(wait4(-1, nullptr, WNOHANG), -ECHILD);
    return passed();
}
