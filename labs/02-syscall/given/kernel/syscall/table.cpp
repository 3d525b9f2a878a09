/// @file
/// The table of system calls, with Linux's numbers for x86_64.
#include <kernel/debug/trace.h>
#include <kernel/syscall/calls.h>
#include <kernel/syscall/table.h>

namespace {

int64_t no_such_call(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(Errno::kENOSYS);
}

constexpr std::array<SystemCall*, kSyscallCount> make_table() {
    std::array<SystemCall*, kSyscallCount> table{};
    table.fill(no_such_call);
    table[0] = sys_read;
    table[1] = sys_write;
    table[2] = sys_open;
    table[3] = sys_close;
    table[4] = sys_stat;
    table[5] = sys_fstat;
    table[6] = sys_lstat;
    table[7] = sys_poll;
    table[8] = sys_lseek;
    table[9] = sys_mmap;
    table[10] = sys_mprotect;
    table[11] = sys_munmap;
    table[12] = sys_brk;
    table[13] = sys_rt_sigaction;
    table[14] = sys_rt_sigprocmask;
    table[15] = sys_rt_sigreturn;
    table[16] = sys_ioctl;
    table[19] = sys_readv;
    table[20] = sys_writev;
    table[21] = sys_access;
    table[22] = sys_pipe;
    table[24] = sys_sched_yield;
    table[32] = sys_dup;
    table[33] = sys_dup2;
    table[34] = sys_pause;
    table[35] = sys_nanosleep;
    table[39] = sys_getpid;
    table[56] = sys_clone;
    table[57] = sys_fork;
    table[58] = sys_vfork;
    table[59] = sys_execve;
    table[60] = sys_exit;
    table[61] = sys_wait4;
    table[62] = sys_kill;
    table[63] = sys_uname;
    table[72] = sys_fcntl;
    table[77] = sys_ftruncate;
    table[79] = sys_getcwd;
    table[80] = sys_chdir;
    table[82] = sys_rename;
    table[83] = sys_mkdir;
    table[84] = sys_rmdir;
    table[87] = sys_unlink;
    table[89] = sys_readlink;
    table[90] = sys_chmod;
    table[95] = sys_umask;
    table[96] = sys_gettimeofday;
    table[99] = sys_sysinfo;
    table[102] = sys_getuid;
    table[104] = sys_getuid;  // getgid: everybody is root
    table[107] = sys_getuid;  // geteuid
    table[108] = sys_getuid;  // getegid
    table[109] = sys_setpgid;
    table[110] = sys_getppid;
    table[111] = sys_getpgrp;
    table[112] = sys_setsid;
    table[115] = sys_getgroups;
    table[121] = sys_getpgid;
    table[127] = sys_rt_sigpending;
    table[130] = sys_rt_sigsuspend;
    table[131] = sys_sigaltstack;
    table[158] = sys_arch_prctl;
    table[169] = sys_reboot;
    table[186] = sys_set_tid_address;  // gettid
    table[200] = sys_tkill;
    table[217] = sys_getdents64;
    table[218] = sys_set_tid_address;
    table[228] = sys_clock_gettime;
    table[230] = sys_clock_nanosleep;
    table[231] = sys_exit;  // exit_group: a process has one thread
    table[234] = sys_tgkill;
    table[257] = sys_openat;
    table[258] = sys_mkdirat;
    table[262] = sys_newfstatat;
    table[263] = sys_unlinkat;
    table[264] = sys_renameat;
    table[267] = sys_readlinkat;
    table[268] = sys_fchmodat;
    table[269] = sys_faccessat;
    table[280] = sys_utimensat;
    table[292] = sys_dup3;
    table[293] = sys_pipe2;
    table[318] = sys_getrandom;
    return table;
}

}  // namespace

#ifdef TRACE

/// By number, as debuggers show it: the functions behind those of syscall_table.
extern "C" constinit const std::array<SystemCall*, kSyscallCount> untraced_syscall_table = make_table();

namespace {

/// System call `number` with a record of its beginning and one of its end.
template <uint32_t number>
int64_t traced(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    return trace_system_call(a, b, c, d, e, f, number, untraced_syscall_table[number]);
}

template <uint32_t... number>
constexpr std::array<SystemCall*, kSyscallCount> make_traced_table(
    std::integer_sequence<uint32_t, number...>) {
    return {traced<number>...};
}

}  // namespace

constinit const std::array<SystemCall*, kSyscallCount> syscall_table =
    make_traced_table(std::make_integer_sequence<uint32_t, kSyscallCount>{});

#else

constinit const std::array<SystemCall*, kSyscallCount> syscall_table = make_table();

#endif
