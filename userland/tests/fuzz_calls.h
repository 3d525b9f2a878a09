/// @file
/// What `fuzz` calls: the system calls of Linux that a small kernel may have, what kinds of arguments they
/// take, and values for these that follow from the seed. Some arguments are kept away from a call, because
/// they would harm the fuzzer, others or the machine as they may: see restrain().
#pragma once

#include <userland/lib/string.h>
#include <userland/tests/bases.h>
#include <userland/tests/registers.h>
#include <userland/tests/soak_common.h>

namespace fuzz {

// ---- The memory and the descriptors of a process that makes the calls

/// A page for the kernel to read from and write to, with nothing behind it. Each call finds it as the first
/// one did: `Inputs`, then a pattern.
inline constexpr uint64_t kData = 0x200000000000;
/// Pages that calls may map anew, protect and take away.
inline constexpr uint64_t kPlayground = 0x210000000000;
inline constexpr uint64_t kPlaygroundSize = 8 * kPage;
inline constexpr uint64_t kUnmapped = 0x220000000000;
/// What the page holds behind the inputs, in every byte.
inline constexpr char kPattern = 0x5a;

/// The two descriptors that no call ever gets or names: the console for a last word, and the pipe to the
/// process that watches.
inline constexpr int kConsole = 30;
inline constexpr int kReports = 31;

/// The start of the page: what calls want to find in memory.
struct Inputs {
    struct IoVector {
        uint64_t base, length;
    };
    struct PollDescriptor {
        int fd;
        short events, result;
    };
    Timespec times[4];
    IoVector vectors[6];
    SignalAction actions[2];
    PollDescriptor polls[4];
    uint64_t strings[2][3];
    uint64_t mask;
    char own[4][40];    ///< paths that may be made, changed and removed
    char other[8][24];  ///< paths that are only looked at
};
static_assert(sizeof(Inputs) < 1024);
inline Inputs& inputs() {
    return *reinterpret_cast<Inputs*>(kData);
}
inline constexpr uint64_t kFree = kData + 1024;  ///< behind the inputs

/// A process that does not exist, and a group.
inline constexpr int kNobody = 0x7ffffffe;

/// Where this process's paths lie: `/tmp/fuzz.N`.
inline char folder[24];

/// Where the heap of this process begins.
inline uint64_t heap;

/// Puts into the page what it holds before each call.
inline void make_inputs(Inputs& in) {
    // Nothing here looks like an address of the kernel, so that a file that it was written to does not
    // either.
    in = {
        .times = {{0, 50'000}, {0, 2'000'000'000}, {INT64_MIN, 5}, {1L << 40, 0}},
        .vectors = {{kFree, 64},
                    {kPlayground, kPage + 1},
                    {kUnmapped, 8},
                    {kData + kPage - 8, 16},
                    {kFree, 1UL << 62},
                    {1UL << 47, 0}},
        .actions = {{0, 0, 0, 0}, {1, 0, 0, 0}},
        .polls = {{0, 1, 0}, {4, 1, 0}, {5, 4, 0}, {99, 5, 0}},
        .strings = {{kData + offsetof(Inputs, other), kFree, 0}, {kUnmapped, 0, 0}},
        .mask = 1 << 10 | 1 << 12,
        .own = {},
        .other = {"/proc/meminfo", "/proc/self/stat", "/dev/null", "/dev/zero", "/nosuch/x", "..", "/", ""}};
    constexpr const char* kNames[] = {"a", "b", "d", "d/e"};
    for (size_t i = 0; i < 4; ++i) format_text(in.own[i], sizeof in.own[i], "%s/%s", folder, kNames[i]);
}

// ---- The calls

/// One letter for each argument:
///
///     F descriptor    P memory            R path to look at        Z size
///     D directory     A address to map    W path of our own        I small number or flags
///     S signal        K process           E file to execute        X anything
///     Q request       C flags of clone()  L array of addresses     V signal's action
///     B arch_prctl()'s command            M reboot()'s words       O path to open
///     G flags of mmap()                  T memory that is written to when all goes well
struct Call {
    uint16_t number;
    bool rare;      ///< ends the process or costs much: made less often
    bool may_stay;  ///< may end the process or sleep, so the watcher is told before
    const char* name;
    const char* arguments;
};

inline constexpr bool kRare = true, kMayStay = true;

inline constexpr Call kCalls[] = {
    {0, false, kMayStay, "read", "FPZ"},
    {1, false, kMayStay, "write", "FPZ"},
    {2, false, kMayStay, "open", "OII"},
    {3, false, false, "close", "F"},
    {4, false, false, "stat", "RT"},
    {5, false, false, "fstat", "FT"},
    {6, false, false, "lstat", "RT"},
    {7, false, kMayStay, "poll", "PII"},
    {8, false, false, "lseek", "FXI"},
    {9, false, false, "mmap", "AZIGFX"},
    {10, false, false, "mprotect", "AZI"},
    {11, false, false, "munmap", "AZ"},
    {12, false, false, "brk", "A"},
    {13, false, false, "rt_sigaction", "SVPZ"},
    {14, false, kMayStay, "rt_sigprocmask", "IPPZ"},
    {15, kRare, kMayStay, "rt_sigreturn", ""},
    {16, false, false, "ioctl", "FQP"},
    {17, false, kMayStay, "pread64", "FPZX"},
    {18, false, kMayStay, "pwrite64", "FPZX"},
    {19, false, kMayStay, "readv", "FPI"},
    {20, false, kMayStay, "writev", "FPI"},
    {21, false, false, "access", "RI"},
    {22, false, false, "pipe", "T"},
    {23, false, kMayStay, "select", "IPPPP"},
    {24, false, false, "sched_yield", ""},
    {25, false, false, "mremap", "AZZIA"},
    {26, false, false, "msync", "AZI"},
    {28, false, false, "madvise", "AZI"},
    {32, false, false, "dup", "F"},
    {33, false, false, "dup2", "FF"},
    {34, kRare, kMayStay, "pause", ""},
    {35, false, kMayStay, "nanosleep", "PP"},
    {39, false, false, "getpid", ""},
    {40, false, kMayStay, "sendfile", "FFPZ"},
    {56, kRare, kMayStay, "clone", "CXPPX"},
    {57, kRare, kMayStay, "fork", ""},
    {59, false, kMayStay, "execve", "ELL"},
    {60, kRare, kMayStay, "exit", "X"},
    {61, false, kMayStay, "wait4", "KPIP"},
    {62, kRare, kMayStay, "kill", "KS"},
    {63, false, false, "uname", "T"},
    {72, false, false, "fcntl", "FIX"},
    {73, false, kMayStay, "flock", "FI"},
    {74, false, false, "fsync", "F"},
    {75, false, false, "fdatasync", "F"},
    {76, false, false, "truncate", "WX"},
    {77, false, false, "ftruncate", "FX"},
    {79, false, false, "getcwd", "PZ"},
    {80, false, false, "chdir", "W"},
    {81, false, false, "fchdir", "D"},
    {82, false, false, "rename", "WW"},
    {83, false, false, "mkdir", "WI"},
    {84, false, false, "rmdir", "W"},
    {85, false, false, "creat", "WI"},
    {86, false, false, "link", "WW"},
    {87, false, false, "unlink", "W"},
    {88, false, false, "symlink", "WW"},
    {89, false, false, "readlink", "RPZ"},
    {90, false, false, "chmod", "WI"},
    {91, false, false, "fchmod", "FI"},
    {92, false, false, "chown", "WII"},
    {95, false, false, "umask", "I"},
    {96, false, false, "gettimeofday", "PP"},
    {97, false, false, "getrlimit", "IP"},
    {98, false, false, "getrusage", "IP"},
    {99, false, false, "sysinfo", "T"},
    {100, false, false, "times", "P"},
    {102, false, false, "getuid", ""},
    {104, false, false, "getgid", ""},
    {105, false, false, "setuid", "I"},
    {106, false, false, "setgid", "I"},
    {107, false, false, "geteuid", ""},
    {108, false, false, "getegid", ""},
    {109, false, false, "setpgid", "KK"},
    {110, false, false, "getppid", ""},
    {111, false, false, "getpgrp", ""},
    {112, false, false, "setsid", ""},
    {115, false, false, "getgroups", "IP"},
    {121, false, false, "getpgid", "K"},
    {124, false, false, "getsid", "K"},
    {127, false, false, "rt_sigpending", "PZ"},
    {130, kRare, kMayStay, "rt_sigsuspend", "PZ"},
    {131, false, false, "sigaltstack", "PP"},
    {137, false, false, "statfs", "RT"},
    {138, false, false, "fstatfs", "FT"},
    {157, false, false, "prctl", "IXX"},
    {158, false, false, "arch_prctl", "BX"},
    {160, false, false, "setrlimit", "IP"},
    {169, false, false, "reboot", "MMMP"},
    {186, false, false, "gettid", ""},
    {200, kRare, kMayStay, "tkill", "KS"},
    {201, false, false, "time", "P"},
    {202, false, kMayStay, "futex", "PIIP"},
    {217, false, false, "getdents64", "FPZ"},
    {218, false, false, "set_tid_address", "P"},
    {228, false, false, "clock_gettime", "IT"},
    {229, false, false, "clock_getres", "IP"},
    {230, false, kMayStay, "clock_nanosleep", "IIPP"},
    {231, kRare, kMayStay, "exit_group", "X"},
    {234, kRare, kMayStay, "tgkill", "KKS"},
    {257, false, kMayStay, "openat", "DOII"},
    {258, false, false, "mkdirat", "DWI"},
    {262, false, false, "newfstatat", "DRTI"},
    {263, false, false, "unlinkat", "DWI"},
    {264, false, false, "renameat", "DWDW"},
    {267, false, false, "readlinkat", "DRPZ"},
    {268, false, false, "fchmodat", "DWI"},
    {269, false, false, "faccessat", "DRI"},
    {270, false, kMayStay, "pselect6", "IPPPPP"},
    {271, false, kMayStay, "ppoll", "PIPPZ"},
    {273, false, false, "set_robust_list", "PZ"},
    {280, false, false, "utimensat", "DWPI"},
    {292, false, false, "dup3", "FFI"},
    {293, false, false, "pipe2", "TI"},
    {302, false, false, "prlimit64", "KIPP"},
    {316, false, false, "renameat2", "DWDWI"},
    {318, false, false, "getrandom", "PZI"},
    {332, false, false, "statx", "DRIIT"},
    {334, false, false, "rseq", "PZII"},
    {439, false, false, "faccessat2", "DRII"},
};
inline constexpr size_t kCallCount = sizeof kCalls / sizeof *kCalls;
/// Numbers that are drawn from, kCalls or not. What lies beyond is no system call anywhere.
inline constexpr uint32_t kNumbers = 512;

/// Where in kCalls a number is found, plus 1.
struct CallIndex {
    constexpr CallIndex() {
        for (size_t i = 0; i < kCallCount; ++i) at[kCalls[i].number] = static_cast<uint8_t>(i + 1);
    }
    uint8_t at[kNumbers] = {};
};
inline constexpr CallIndex kCallIndex;

/// The call with this number, or null. Linux takes the number from EAX.
inline const Call* find_call(uint64_t number) {
    const auto low = static_cast<uint32_t>(number);
    if (low >= kNumbers || kCallIndex.at[low] == 0) return nullptr;
    return &kCalls[kCallIndex.at[low] - 1];
}

// ---- Drawing

/// One call, before the registers get it.
struct Draw {
    uint64_t number = 0;
    const Call* call = nullptr;  ///< null: none that we know
    uint64_t arguments[6] = {};
    Chance chance{0};  ///< for what else is to be drawn: flags, bases, RSP
};

template <class T, size_t n>
T pick(Chance& chance, const T (&values)[n]) {
    return values[chance.below(n)];
}

inline uint64_t bad_pointer(Chance& chance) {
    static constexpr uint64_t kBad[] = {0,
                                        8,
                                        kUnmapped,
                                        kData - 4,
                                        kData + kPage,
                                        0x7ffffffffff8,
                                        1UL << 47,
                                        1UL << 63,
                                        0xffff7ffffffffff8,
                                        0xffff800000000000,
                                        0xffff800000100000,
                                        0xffffc00000004000,
                                        0xffffffff80000000,
                                        0xffffffff80100000,
                                        0xfffffffffffffff8,
                                        ~0UL};
    return pick(chance, kBad);
}

inline uint64_t any_value(Chance& chance) {
    static constexpr uint64_t kValues[] = {0,
                                           1,
                                           2,
                                           3,
                                           4096,
                                           4097,
                                           0x7fffffff,
                                           0x80000000,
                                           0xffffffff,
                                           1UL << 32,
                                           ~0UL,
                                           ~0UL - 1,
                                           (1UL << 63) - 1,
                                           1UL << 63,
                                           (1UL << 47) - 1,
                                           kFree};
    switch (chance.below(4)) {
        case 0:
            return chance.next();
        case 1:
            return bad_pointer(chance);
        default:
            return pick(chance, kValues);
    }
}

/// Memory that the kernel may touch, nearly always.
inline uint64_t good_pointer(Chance& chance) {
    switch (chance.below(8)) {
        case 0:
            return kPlayground + chance.below(kPlaygroundSize);
        case 1:
            return kData + kPage - pick(chance, {1UL, 4UL, 8UL, 16UL, 100UL});
        case 2:
        case 3:
        case 4:
            return kData + chance.below(sizeof(Inputs) / 8) * 8;
        default:
            return kFree + chance.below(300) * 8;
    }
}

/// A path of our own, or one that is nowhere.
inline uint64_t own_path(Chance& chance) {
    if (chance.below(8) == 0) return bad_pointer(chance);
    return reinterpret_cast<uint64_t>(inputs().own[chance.below(4)]);
}

inline uint64_t any_path(Chance& chance) {
    switch (chance.below(8)) {
        case 0:
            return bad_pointer(chance);
        case 1:
            return good_pointer(chance);
        case 2:
        case 3:
            return own_path(chance);
        default:
            return reinterpret_cast<uint64_t>(inputs().other[chance.below(8)]);
    }
}

inline uint64_t descriptor(Chance& chance) {
    if (chance.below(8)) return chance.below(16);
    return pick(chance,
                {16UL, 20UL, 29UL, 32UL, 63UL, 64UL, ~0UL, 0xffffffffUL, 1UL << 32 | 1, 0x80000000UL});
}

inline uint64_t draw_argument(Chance& chance, char letter) {
    // These are never "anything".
    switch (letter) {
        case 'W':
        case 'O':
            return own_path(chance);
        case 'E': {
            static constexpr char kTrue[] = "/bin/true";
            return chance.below(16) == 0 ? reinterpret_cast<uint64_t>(kTrue) : any_path(chance);
        }
        case 'V':
            if (chance.below(4) == 0) return bad_pointer(chance);
            return reinterpret_cast<uint64_t>(&inputs().actions[chance.below(2)]);
        case 'M':
            return chance.below(2) ? pick(chance, {0xfee1deadUL, 672274793UL, 0UL, 0x89abcdefUL})
                                   : chance.next();
        case 'C':
            return pick(chance,
                        {0UL, 17UL, 17UL, 0x80011UL, 0x80000UL, 18UL, ~0UL, 1UL << 32 | 17, 0x10000UL});
        default:
            break;
    }
    if (chance.below(5) == 0) return any_value(chance);
    switch (letter) {
        case 'F':
            return descriptor(chance);
        case 'D':
            return chance.below(2) ? static_cast<uint64_t>(AT_FDCWD) : descriptor(chance);
        case 'P':
        case 'T':
            return chance.below(4) ? good_pointer(chance) : bad_pointer(chance);
        case 'R':
            return any_path(chance);
        case 'Z':
            return chance.below(4)
                       ? pick(chance, {0UL, 1UL, 8UL, 8UL, 16UL, 100UL, 512UL, 513UL, 1024UL, 4096UL})
                       : any_value(chance);
        case 'I':
            return chance.below(3)
                       ? chance.below(8)
                       : pick(chance, {0x10UL, 0x20UL, 0x22UL, 0x32UL, 0x40UL, 0x200UL, 0x400UL, 0x441UL,
                                       0x800UL, 0x1000UL, 1030UL, 0x10000UL, 0x80000UL, 0x80800UL});
        case 'A':
            return chance.below(3) ? kPlayground + chance.below(10) * kPage : bad_pointer(chance);
        case 'S':
            return chance.below(40);
        case 'K':
            return pick(chance, {0L, -1L, 1L, getpid(), getpid(), -getpid(), long{kNobody}, -long{kNobody}});
        case 'Q':
            return pick(chance, {0x5401UL, 0x5402UL, 0x5403UL, 0x5404UL, 0x540fUL, 0x5410UL, 0x5413UL,
                                 0x5414UL, 0x541bUL, 0x5421UL, 0x5450UL, 0UL});
        case 'L':
            return chance.below(4) ? reinterpret_cast<uint64_t>(&inputs().strings[chance.below(2)])
                                   : good_pointer(chance);
        case 'G':
            return pick(chance, {0x22UL, 0x22UL, 0x32UL, 0x20UL, 0x2UL, 0x1UL, 0x21UL, 0x100022UL, 0x8022UL});
        case 'B':
            return 0x1000 + chance.below(6);
        default:
            return any_value(chance);
    }
}

/// True where a program may have memory that the kernel can write to.
inline bool may_be_written(uint64_t address) {
    return (address >= kData && address < kData + kPage) ||
           (address >= kPlayground && address < kPlayground + kPlaygroundSize);
}

/// True for a range that mmap(2) and its kin would take, outside of the playground.
inline bool reaches_others(uint64_t address, uint64_t size) {
    const uint64_t end = address + size;
    if (size == 0 || size > 1UL << 47 || address > 1UL << 47) return false;  // refused
    return address < kPlayground || end > kPlayground + kPlaygroundSize;
}

/// Takes from a call what it must not do, that is harm memory that the fuzzer itself needs, signal others,
/// turn off the machine, run two processes in one memory, or write to files that are not our own.
inline void restrain(Draw& draw) {
    uint64_t* const a = draw.arguments;
    for (uint64_t i = 0; i < 6; ++i)
        if (static_cast<uint32_t>(a[i]) == kConsole || static_cast<uint32_t>(a[i]) == kReports) a[i] = 29;
    const auto not_others = [&](uint64_t& process, uint64_t signal) {
        const int pid = static_cast<int>(process);
        // A signal that there is not, or none: to anybody. Others: to ourselves, or to nobody.
        const bool sent = signal >= 1 && signal <= 64;
        if (sent && pid != getpid() && pid != kNobody && pid != -kNobody)
            process = static_cast<uint64_t>(getpid());
    };
    const auto to_playground = [&](uint64_t& address, uint64_t& size) {
        if (!reaches_others(address, size)) return;
        address = kPlayground;
        size = size % kPlaygroundSize + 1;
    };
    // A directory moved into another would grow into a tree without end.
    const auto not_into = [](uint64_t& path) {
        if (path == reinterpret_cast<uint64_t>(inputs().own[3]))
            path = reinterpret_cast<uint64_t>(inputs().own[2]);
    };
    constexpr uint64_t kWriting = 3 | O_CREAT | O_TRUNC;
    switch (static_cast<uint32_t>(draw.number)) {
        case SYS_mmap:
            if (a[3] & MAP_FIXED || a[3] >> 20 & 1) to_playground(a[0], a[1]);
            break;
        case SYS_munmap:
        case SYS_mprotect:
        case 26:
        case 28:
            to_playground(a[0], a[1]);
            break;
        case 25:  // mremap: from and to
            to_playground(a[0], a[1]);
            to_playground(a[4], a[2]);
            break;
        case SYS_brk:
            // A large heap would turn addresses into memory, and that is not there without end.
            if (a[0] >= heap && a[0] < 1UL << 47) a[0] = heap + a[0] % (16 * kPage);
            break;
        case SYS_open:
            if (!(a[1] & kWriting)) a[0] = any_path(draw.chance);
            break;
        case SYS_openat:
            if (!(a[2] & kWriting)) a[1] = any_path(draw.chance);
            break;
        case 82:  // rename and its kin
            not_into(a[1]);
            break;
        case 264:
        case 316:
            not_into(a[3]);
            break;
        case SYS_setpgid:
            if (static_cast<int>(a[1]) == kNobody)
                a[1] = 0;  // or signals to nobody's group would find us all
            break;
        case SYS_kill:
        case 200:
            not_others(a[0], a[1]);
            break;
        case 234:
            not_others(a[0], a[2]);
            not_others(a[1], a[2]);
            break;
        case 318:  // getrandom: what looks like an address may stand nowhere but where it is not looked for
            if (a[0] >= kPlayground && a[0] < kPlayground + kPlaygroundSize) a[0] = kFree;
            break;
        default:
            break;
    }
}

inline Chance chance_of(uint64_t seed, uint64_t index) {
    Chance chance(seed * 0x100000001b3 + index * 0xd1342543de82ef95);
    chance.next();
    chance.next();
    return chance;
}

/// The number of call `index`, with what EAX does not show, and the call.
inline void draw_number(Draw& draw) {
    Chance& chance = draw.chance;
    const uint64_t kind = chance.below(100);
    if (kind < 85) {
        do draw.call = &kCalls[chance.below(kCallCount)];
        while (draw.call->rare && chance.below(16));
        draw.number = draw.call->number;
    } else if (kind < 95) {
        draw.number = chance.below(kNumbers);
    } else {
        draw.number =
            pick(chance, {~0UL, 0xffffffffUL, 0x40000000UL | chance.below(kNumbers), 0x80000000UL,
                          kNumbers + chance.below(1000), 0x7fffffffUL, chance.next() | 0x80000000UL});
    }
    // A child of vfork() would run on in our memory.
    if (static_cast<uint32_t>(draw.number) == 58) draw.number = SYS_fork;
    // The upper half of RAX means nothing.
    if (chance.below(8) == 0) draw.number |= pick(chance, {1UL << 32, 0xffffffffUL << 32, 1UL << 63});
    draw.call = find_call(draw.number);
}

/// Call `index` of the run with this seed.
inline Draw draw_call(uint64_t seed, uint64_t index) {
    Draw draw{.chance = chance_of(seed, index)};
    draw_number(draw);
    for (uint64_t& argument : draw.arguments) argument = draw.chance.next();
    if (!draw.call) {
        // If the kernel knows it, it must not be able to do much with it.
        for (uint64_t& argument : draw.arguments)
            argument = draw.chance.below(2) ? bad_pointer(draw.chance) : argument | 1UL << 62;
        return draw;
    }
    for (size_t i = 0; draw.call->arguments[i]; ++i)
        draw.arguments[i] = draw_argument(draw.chance, draw.call->arguments[i]);
    restrain(draw);
    return draw;
}

/// True when call `index` may end the process or sleep.
inline bool may_stay(const Draw& draw) {
    return draw.call ? draw.call->may_stay : static_cast<uint32_t>(draw.number) < kNumbers;
}

}  // namespace fuzz
