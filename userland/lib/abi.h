/// @file
/// What programs and the kernel agree on, for looking things up: system call numbers, flags and structures,
/// all with the values of Linux on x86_64.
#pragma once

#include <cstddef>
#include <cstdint>

/// System call numbers.
enum SystemCall : long {
    SYS_read = 0,
    SYS_write = 1,
    SYS_open = 2,
    SYS_close = 3,
    SYS_fstat = 5,
    SYS_lseek = 8,
    SYS_mmap = 9,
    SYS_mprotect = 10,
    SYS_munmap = 11,
    SYS_brk = 12,
    SYS_rt_sigaction = 13,
    SYS_rt_sigprocmask = 14,
    SYS_rt_sigreturn = 15,
    SYS_ioctl = 16,
    SYS_sched_yield = 24,
    SYS_dup = 32,
    SYS_dup2 = 33,
    SYS_nanosleep = 35,
    SYS_getpid = 39,
    SYS_clone = 56,
    SYS_fork = 57,
    SYS_vfork = 58,
    SYS_execve = 59,
    SYS_wait4 = 61,
    SYS_kill = 62,
    SYS_uname = 63,
    SYS_fcntl = 72,
    SYS_ftruncate = 77,
    SYS_getcwd = 79,
    SYS_chdir = 80,
    SYS_mkdir = 83,
    SYS_rmdir = 84,
    SYS_unlink = 87,
    SYS_setpgid = 109,
    SYS_getppid = 110,
    SYS_getpgrp = 111,
    SYS_getpgid = 121,
    SYS_rt_sigpending = 127,
    SYS_rt_sigsuspend = 130,
    SYS_sigaltstack = 131,
    SYS_reboot = 169,
    SYS_getdents64 = 217,
    SYS_clock_gettime = 228,
    SYS_exit_group = 231,
    SYS_openat = 257,
    SYS_newfstatat = 262,
    SYS_unlinkat = 263,
    SYS_pipe2 = 293
};

// open()
enum : int {
    O_RDONLY = 0,
    O_WRONLY = 1,
    O_RDWR = 2,
    O_CREAT = 0100,
    O_EXCL = 0200,
    O_TRUNC = 01000,
    O_APPEND = 02000,
    O_NONBLOCK = 04000,
    O_DIRECTORY = 0200000,
    O_CLOEXEC = 02000000
};
/// In place of a directory descriptor: relative to the current directory.
inline constexpr int AT_FDCWD = -100;

// lseek()
enum : int { SEEK_SET = 0, SEEK_CUR = 1, SEEK_END = 2 };

// fcntl()
enum : int { F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, FD_CLOEXEC = 1 };

// ioctl() on a terminal
enum : unsigned {
    TCGETS = 0x5401,
    TCSETSW = 0x5403,
    TIOCGPGRP = 0x540f,
    TIOCSPGRP = 0x5410,
    TIOCGWINSZ = 0x5413
};
enum : uint32_t {
    ICRNL = 0000400,
    IXON = 0002000,
    ISIG = 0000001,
    ICANON = 0000002,
    ECHO = 0000010,
    IEXTEN = 0100000
};
inline constexpr int VTIME = 5;
inline constexpr int VMIN = 6;

// wait4()
inline constexpr int WNOHANG = 1;

// clone(); the signal of the child's death, SIGCHLD or 0, is or-ed to them
inline constexpr unsigned long CLONE_VM = 0x100, CLONE_SETTLS = 0x80000, CLONE_CHILD_SETTID = 0x1000000;

// mmap()
enum : int { PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20 };

// Signals
enum : int {
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGUSR1 = 10,
    SIGSEGV = 11,
    SIGUSR2 = 12,
    SIGPIPE = 13,
    SIGTERM = 15,
    SIGCHLD = 17,
    SIGSTOP = 19,
    SIGTSTP = 20,
    SIGTTIN = 21,
    SIGTTOU = 22
};

// The type bits of Stat::mode
enum : uint32_t {
    S_IFMT = 0170000,
    S_IFIFO = 0010000,
    S_IFCHR = 0020000,
    S_IFDIR = 0040000,
    S_IFREG = 0100000
};

inline constexpr int CLOCK_MONOTONIC = 1;

/// A time or a span of time.
struct Timespec {
    int64_t seconds;
    int64_t nanoseconds;
};

/// What fstat() and stat() tell about a file.
struct Stat {
    uint64_t device;
    uint64_t inode;
    uint64_t links;
    uint32_t mode;  ///< type and permission bits
    uint32_t user;
    uint32_t group;
    uint32_t padding;
    uint64_t device_number;
    int64_t size;  ///< bytes
    int64_t block_size;
    int64_t blocks;
    Timespec accessed;
    Timespec modified;
    Timespec changed;
    int64_t unused[3];
};
static_assert(sizeof(Stat) == 144);

/// One record of getdents(); the next one begins `length` bytes further.
struct DirectoryEntry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[1];  ///< really as long as it takes, null-terminated
};
static_assert(offsetof(DirectoryEntry, name) == 19);

/// The mode of a terminal.
struct Termios {
    uint32_t c_iflag;
    uint32_t c_oflag;
    uint32_t c_cflag;
    uint32_t c_lflag;
    uint8_t c_line;
    uint8_t c_cc[19];
};
static_assert(sizeof(Termios) == 36);

/// The size of a terminal in characters and pixels.
struct WindowSize {
    uint16_t rows;
    uint16_t columns;
    uint16_t width;
    uint16_t height;
};

/// Names of the system, null-terminated.
struct SystemName {
    char system[65];
    char node[65];
    char release[65];
    char version[65];
    char machine[65];
    char domain[65];
};

// SignalAction::flags
inline constexpr uint64_t SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000,
                          SA_RESTART = 0x10000000, SA_NODEFER = 0x40000000, SA_RESETHAND = 0x80000000;
// How rt_sigprocmask() changes what is blocked
enum : int { SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2 };

/// A stack for handlers: sigaltstack().
struct SignalStack {
    void* base;
    int flags;
    int padding;
    uint64_t size;
};

/// What a signal does, as rt_sigaction() takes it: a function's address, 0 (default) or 1 (ignore).
struct SignalAction {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};
