/// @file
/// The system calls, one function each, in the form that the dispatcher's table holds them.
#pragma once

#include <cstdint>

#include <kernel/libk/result.h>

/// A system call: gets the six argument registers, of which it names those it uses, and returns what RAX
/// shall hold: a result or a negative errno. Called in the context of the task that made the call, no lock
/// held. Arguments, results and errors are those of Linux on x86_64, unless a comment says otherwise.
using SystemCall = int64_t(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

/// The negative errno. Any context, like the two below.
inline int64_t to_return(Errno error) {
    return -static_cast<int64_t>(error);
}
/// The value for RAX.
inline int64_t to_return(Result<uint64_t> result) {
    return result.ok() ? static_cast<int64_t>(result.value()) : to_return(result.error());
}
/// 0 or the negative errno.
inline int64_t to_return(Result<void> result) {
    return result.ok() ? 0 : to_return(result.error());
}

/// RAX of a call that a signal has cut short while it waited: this and the call's number, negated. The
/// program never sees it: on the way back the call is made again, or fails with EINTR
/// (finish_interrupted_call()).
inline constexpr uint64_t kInterrupted = 512;
/// Numbers of the calls that are made again.
enum RestartedCall : uint64_t {
    kCallRead = 0,
    kCallWrite = 1,
    kCallReadv = 19,
    kCallWritev = 20,
    kCallWait4 = 61
};
/// to_return_waiting() where there is no result. Out of the way of those that have one.
[[gnu::noinline, gnu::cold]] inline int64_t to_return_failed(Errno error, uint64_t number) {
    return error == Errno::kEINTR ? -static_cast<int64_t>(kInterrupted + number) : to_return(error);
}
/// to_return() for the call `number`, which may have to be made again.
inline int64_t to_return_waiting(Result<uint64_t> result, uint64_t number) {
    return result.ok() ? static_cast<int64_t>(result.value()) : to_return_failed(result.error(), number);
}

// Files: kernel/syscall/file_calls.cpp and kernel/syscall/path_calls.cpp.
SystemCall sys_read;    ///< read(fd, buffer, count)
SystemCall sys_write;   ///< write(fd, buffer, count)
SystemCall sys_readv;   ///< readv(fd, iovec, count)
SystemCall sys_writev;  ///< writev(fd, iovec, count)
SystemCall sys_lseek;   ///< lseek(fd, offset, whence)
SystemCall sys_close;   ///< close(fd)
SystemCall sys_dup;     ///< dup(fd)
SystemCall sys_dup2;    ///< dup2(old, new)
SystemCall sys_dup3;    ///< dup3(old, new, flags)
SystemCall
    sys_fcntl;  ///< fcntl(fd, command, argument): F_DUPFD(_CLOEXEC), F_GETFD, F_SETFD, F_GETFL, F_SETFL
SystemCall sys_ioctl;       ///< ioctl(fd, request, argument)
SystemCall sys_pipe;        ///< pipe(int[2])
SystemCall sys_pipe2;       ///< pipe2(int[2], flags)
SystemCall sys_poll;        ///< poll(entries, count, milliseconds): POLLIN, POLLOUT
SystemCall sys_ftruncate;   ///< ftruncate(fd, size)
SystemCall sys_fstat;       ///< fstat(fd, stat)
SystemCall sys_getdents64;  ///< getdents64(fd, buffer, count); `.` and `..` are not listed
SystemCall sys_umask;       ///< umask(mask)
SystemCall sys_open;        ///< open(path, flags, mode)
SystemCall sys_openat;      ///< openat(directory, path, flags, mode): a relative path only from AT_FDCWD
SystemCall sys_stat;        ///< stat(path, stat)
SystemCall sys_lstat;       ///< lstat(path, stat): as stat(), there are no symbolic links
SystemCall sys_newfstatat;  ///< newfstatat(directory, path, stat, flags), AT_EMPTY_PATH included
SystemCall sys_readlink;    ///< readlink(path, -, -): EINVAL, as there are no symbolic links
SystemCall sys_readlinkat;  ///< readlinkat(directory, path, -, -)
SystemCall sys_access;      ///< access(path, mode): everybody is root, so only X_OK may be refused
SystemCall sys_chdir;       ///< chdir(path)
SystemCall sys_getcwd;      ///< getcwd(buffer, size)
SystemCall sys_mkdir;       ///< mkdir(path, mode)
SystemCall sys_rmdir;       ///< rmdir(path)
SystemCall sys_unlink;      ///< unlink(path)
SystemCall sys_mkdirat;     ///< mkdirat(directory, path, mode); `directory` as in openat()
SystemCall sys_chmod;       ///< chmod(path, mode)
SystemCall sys_fchmodat;    ///< fchmodat(directory, path, mode)
SystemCall sys_rename;      ///< rename(path, new_path)
SystemCall sys_renameat;    ///< renameat(directory, path, new_directory, new_path)
SystemCall sys_utimensat;   ///< utimensat(directory, path, -, -): files have no times
SystemCall sys_unlinkat;   ///< unlinkat(directory, path, flags) with AT_REMOVEDIR; `directory` as in openat()
SystemCall sys_faccessat;  ///< faccessat(directory, path, mode); `directory` as in openat()

// Processes: kernel/syscall/process_calls.cpp; fork_call.cpp comes with the chapter on system calls.
SystemCall sys_fork;             ///< fork()
SystemCall sys_vfork;            ///< vfork()
SystemCall sys_clone;            ///< clone(flags, stack, -, child_tid, tls): processes only, no threads
SystemCall sys_set_tid_address;  ///< set_tid_address(-), gettid()
SystemCall sys_setsid;           ///< setsid(): a group of one's own; there are no sessions
SystemCall sys_execve;       ///< execve(path, arguments, environment): each vector's strings within one page
SystemCall sys_exit;         ///< exit(code) and exit_group(code)
SystemCall sys_wait4;        ///< wait4(pid, status, options, usage): WNOHANG; of the usage the time only
SystemCall sys_getpid;       ///< getpid()
SystemCall sys_getppid;      ///< getppid()
SystemCall sys_getuid;       ///< getuid() and the other three: everybody is root
SystemCall sys_getgroups;    ///< getgroups(-, -): nobody has further groups
SystemCall sys_setpgid;      ///< setpgid(pid, group)
SystemCall sys_getpgrp;      ///< getpgrp()
SystemCall sys_getpgid;      ///< getpgid(pid)
SystemCall sys_sched_yield;  ///< sched_yield()
SystemCall sys_reboot;       ///< reboot(magic, magic, command): power off only

// Signals: kernel/syscall/signal_calls.cpp; signal_return.cpp comes with the chapter on system calls.
SystemCall sys_kill;            ///< kill(pid, signal)
SystemCall sys_tgkill;          ///< tgkill(process, thread, signal): both are a process's pid
SystemCall sys_tkill;           ///< tkill(pid, signal)
SystemCall sys_rt_sigaction;    ///< rt_sigaction(signal, action, old, 8): signals up to 31
SystemCall sys_rt_sigprocmask;  ///< rt_sigprocmask(how, set, old, 8)
SystemCall sys_rt_sigpending;   ///< rt_sigpending(set, 8)
SystemCall sys_rt_sigsuspend;   ///< rt_sigsuspend(set, 8)
SystemCall sys_pause;           ///< pause()
SystemCall sys_sigaltstack;     ///< sigaltstack(stack, old)
SystemCall sys_rt_sigreturn;    ///< rt_sigreturn(): what a handler's restorer calls

// Memory: kernel/syscall/memory_calls.cpp.
SystemCall sys_brk;       ///< brk(end)
SystemCall sys_mmap;      ///< mmap(address, length, protection, flags): private and anonymous only
SystemCall sys_munmap;    ///< munmap(address, length)
SystemCall sys_mprotect;  ///< mprotect(address, length, protection)

// The machine: kernel/syscall/system_calls.cpp.
SystemCall sys_nanosleep;        ///< nanosleep(request, rest)
SystemCall sys_clock_nanosleep;  ///< clock_nanosleep(clock, flags, request, rest)
SystemCall sys_gettimeofday;     ///< gettimeofday(result, -): counts from boot
SystemCall sys_getrandom;        ///< getrandom(buffer, count, -): up to 256 bytes
SystemCall sys_sysinfo;          ///< sysinfo(result): uptime, memory, processes
SystemCall sys_clock_gettime;    ///< clock_gettime(clock, result): every clock counts from boot
SystemCall sys_uname;            ///< uname(result)
SystemCall sys_arch_prctl;       ///< arch_prctl(command, address): FS and GS base
