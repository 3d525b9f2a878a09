/// @file
/// The system calls: the function behind each number.
#pragma once

#include <concepts>
#include <cstdint>

#include <kernel/libk/result.h>

/// The negative errno. Any context.
inline int64_t to_return(Errno error) {
    return -static_cast<int64_t>(error);
}

/// What RAX shall hold after a system call: a result or a negative errno. It is made from whatever the call
/// ends with, so that TRY() works in a system call as anywhere else.
class CallResult {
  public:
    /// A number as it is.
    CallResult(std::integral auto value) : rax_(static_cast<int64_t>(value)) {}
    /// The negative errno.
    CallResult(Errno error) : rax_(to_return(error)) {}
    /// 0 or the negative errno.
    CallResult(Result<void> result) : rax_(to_return(result.error())) {}
    /// The value or the negative errno.
    template <std::integral T>
    CallResult(Result<T> result)
        : rax_(result.ok() ? static_cast<int64_t>(result.value()) : to_return(result.error())) {}
    /// For RAX.
    operator int64_t() const { return rax_; }

  private:
    int64_t rax_;
};

/// A system call: gets the six argument registers, of which it names those it uses. Called in the context of
/// the task that made the call, no lock held. Arguments, results and errors are those of Linux on x86_64,
/// unless a comment says otherwise.
using SystemCall = CallResult(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

/// RAX of a call that a signal has cut short while it waited: this and the call's number, negated. The
/// program never sees it: on the way back the call is made again, or fails with EINTR
/// (finish_interrupted_call()).
inline constexpr uint64_t kInterrupted = 512;
// Numbers of the calls that are made again.
inline constexpr uint32_t kCallRead = 0;     ///< read(2)
inline constexpr uint32_t kCallWrite = 1;    ///< write(2)
inline constexpr uint32_t kCallReadv = 19;   ///< readv(2)
inline constexpr uint32_t kCallWritev = 20;  ///< writev(2)
inline constexpr uint32_t kCallClone = 56;   ///< clone(2); it and the next two always, never EINTR
inline constexpr uint32_t kCallFork = 57;    ///< fork(2)
inline constexpr uint32_t kCallVfork = 58;   ///< vfork(2)
inline constexpr uint32_t kCallWait4 = 61;   ///< wait4(2)
/// to_return_waiting() where there is no result. Out of the way of those that have one.
[[gnu::noinline, gnu::cold]] inline CallResult to_return_failed(Errno error, uint64_t number) {
    return error == Errno::kEINTR ? -static_cast<int64_t>(kInterrupted + number) : to_return(error);
}
/// What the call `number` returns, which may have to be made again.
inline CallResult to_return_waiting(Result<uint64_t> result, uint64_t number) {
    if (result.ok()) return result.value();
    return to_return_failed(result.error(), number);
}

/// One more than the highest number there is an entry for.
inline constexpr uint32_t kSyscallCount = 335;
SystemCall no_such_call;  ///< -ENOSYS
/// What is called by `number`: syscall_table is made of these.
template <uint32_t number>
requires(number < kSyscallCount) inline constexpr SystemCall* system_call = no_such_call;
/// Declares a system call, and that it is called by `number`. A call may have several numbers.
#define SYSTEM_CALL(number, name) \
    SystemCall name;              \
    template <>                   \
    inline constexpr SystemCall* system_call<number> = name

// Files: kernel/syscall/file_calls.cpp and kernel/syscall/path_calls.cpp.
SYSTEM_CALL(kCallRead, sys_read);      ///< read(fd, buffer, count)
SYSTEM_CALL(kCallWrite, sys_write);    ///< write(fd, buffer, count)
SYSTEM_CALL(kCallReadv, sys_readv);    ///< readv(fd, iovec, count)
SYSTEM_CALL(kCallWritev, sys_writev);  ///< writev(fd, iovec, count)
SYSTEM_CALL(8, sys_lseek);             ///< lseek(fd, offset, whence)
SYSTEM_CALL(3, sys_close);             ///< close(fd)
SYSTEM_CALL(32, sys_dup);              ///< dup(fd)
SYSTEM_CALL(33, sys_dup2);             ///< dup2(old, new)
SYSTEM_CALL(292, sys_dup3);            ///< dup3(old, new, flags)
SYSTEM_CALL(72, sys_fcntl);   ///< fcntl(fd, command, argument): F_DUPFD(_CLOEXEC), F_GETFD/SETFD/GETFL/SETFL
SYSTEM_CALL(16, sys_ioctl);   ///< ioctl(fd, request, argument)
SYSTEM_CALL(22, sys_pipe);    ///< pipe(int[2])
SYSTEM_CALL(293, sys_pipe2);  ///< pipe2(int[2], flags)
SYSTEM_CALL(7, sys_poll);     ///< poll(entries, count, milliseconds): POLLIN, POLLOUT
SYSTEM_CALL(77, sys_ftruncate);    ///< ftruncate(fd, size)
SYSTEM_CALL(5, sys_fstat);         ///< fstat(fd, stat)
SYSTEM_CALL(217, sys_getdents64);  ///< getdents64(fd, buffer, count); `.` and `..` are not listed
SYSTEM_CALL(95, sys_umask);        ///< umask(mask)
SYSTEM_CALL(2, sys_open);          ///< open(path, flags, mode)
SYSTEM_CALL(257, sys_openat);  ///< openat(directory, path, flags, mode): a relative path only from AT_FDCWD
SYSTEM_CALL(4, sys_stat);      ///< stat(path, stat) and lstat(path, stat): there are no symbolic links
SYSTEM_CALL(6, sys_stat);      // lstat
SYSTEM_CALL(262, sys_newfstatat);  ///< newfstatat(directory, path, stat, flags), AT_EMPTY_PATH included
SYSTEM_CALL(89, sys_readlink);     ///< readlink(path, -, -): EINVAL, as there are no symbolic links
SYSTEM_CALL(267, sys_readlinkat);  ///< readlinkat(directory, path, -, -)
SYSTEM_CALL(21, sys_access);       ///< access(path, mode): everybody is root, so only X_OK may be refused
SYSTEM_CALL(80, sys_chdir);        ///< chdir(path)
SYSTEM_CALL(79, sys_getcwd);       ///< getcwd(buffer, size)
SYSTEM_CALL(83, sys_mkdir);        ///< mkdir(path, mode)
SYSTEM_CALL(84, sys_rmdir);        ///< rmdir(path)
SYSTEM_CALL(87, sys_unlink);       ///< unlink(path)
SYSTEM_CALL(258, sys_mkdirat);     ///< mkdirat(directory, path, mode); `directory` as in openat()
SYSTEM_CALL(90, sys_chmod);        ///< chmod(path, mode)
SYSTEM_CALL(268, sys_fchmodat);    ///< fchmodat(directory, path, mode)
SYSTEM_CALL(82, sys_rename);       ///< rename(path, new_path)
SYSTEM_CALL(264, sys_renameat);    ///< renameat(directory, path, new_directory, new_path)
SYSTEM_CALL(280, sys_utimensat);   ///< utimensat(directory, path, -, -): files have no times
SYSTEM_CALL(263,
            sys_unlinkat);  ///< unlinkat(directory, path, flags): AT_REMOVEDIR; `directory` as in openat()
SYSTEM_CALL(269, sys_faccessat);  ///< faccessat(directory, path, mode); `directory` as in openat()

// Processes: kernel/syscall/process_calls.cpp; fork_call.cpp comes with the chapter on system calls.
SYSTEM_CALL(kCallFork, sys_fork);    ///< fork()
SYSTEM_CALL(kCallVfork, sys_vfork);  ///< vfork()
SYSTEM_CALL(kCallClone, sys_clone);  ///< clone(flags, stack, -, child_tid, tls): processes only, no threads
SYSTEM_CALL(112, sys_setsid);        ///< setsid(): a group of one's own; there are no sessions
SYSTEM_CALL(59, sys_execve);  ///< execve(path, arguments, environment): each vector's strings within one page
SYSTEM_CALL(60, sys_exit);    ///< exit(code) and exit_group(code): a process has one thread
SYSTEM_CALL(231, sys_exit);   // exit_group
SYSTEM_CALL(kCallWait4,
            sys_wait4);        ///< wait4(pid, status, options, usage): WNOHANG; of the usage the time only
SYSTEM_CALL(39, sys_getpid);   ///< getpid(), gettid() and set_tid_address(-): nobody waits for a thread's end
SYSTEM_CALL(186, sys_getpid);  // gettid
SYSTEM_CALL(218, sys_getpid);  // set_tid_address
SYSTEM_CALL(110, sys_getppid);     ///< getppid()
SYSTEM_CALL(102, sys_getuid);      ///< getuid() and kin: everybody is root; getgroups(-, -): no more groups
SYSTEM_CALL(104, sys_getuid);      // getgid
SYSTEM_CALL(107, sys_getuid);      // geteuid
SYSTEM_CALL(108, sys_getuid);      // getegid
SYSTEM_CALL(115, sys_getuid);      // getgroups
SYSTEM_CALL(109, sys_setpgid);     ///< setpgid(pid, group)
SYSTEM_CALL(111, sys_getpgrp);     ///< getpgrp()
SYSTEM_CALL(121, sys_getpgid);     ///< getpgid(pid)
SYSTEM_CALL(24, sys_sched_yield);  ///< sched_yield()
SYSTEM_CALL(169, sys_reboot);      ///< reboot(magic, magic, command): power off only

// Signals: kernel/syscall/signal_calls.cpp; signal_return.cpp comes with the chapter on system calls.
SYSTEM_CALL(62, sys_kill);            ///< kill(pid, signal)
SYSTEM_CALL(234, sys_tgkill);         ///< tgkill(process, thread, signal): both are a process's pid
SYSTEM_CALL(200, sys_tkill);          ///< tkill(pid, signal)
SYSTEM_CALL(13, sys_rt_sigaction);    ///< rt_sigaction(signal, action, old, 8): signals up to 31
SYSTEM_CALL(14, sys_rt_sigprocmask);  ///< rt_sigprocmask(how, set, old, 8)
SYSTEM_CALL(127, sys_rt_sigpending);  ///< rt_sigpending(set, 8)
SYSTEM_CALL(130, sys_rt_sigsuspend);  ///< rt_sigsuspend(set, 8)
SYSTEM_CALL(34, sys_pause);           ///< pause()
SYSTEM_CALL(131, sys_sigaltstack);    ///< sigaltstack(stack, old)
SYSTEM_CALL(15, sys_rt_sigreturn);    ///< rt_sigreturn(): what a handler's restorer calls

// Memory: kernel/syscall/memory_calls.cpp.
SYSTEM_CALL(12, sys_brk);       ///< brk(end)
SYSTEM_CALL(9, sys_mmap);       ///< mmap(address, length, protection, flags): private and anonymous only
SYSTEM_CALL(11, sys_munmap);    ///< munmap(address, length)
SYSTEM_CALL(10, sys_mprotect);  ///< mprotect(address, length, protection)

// The machine: kernel/syscall/system_calls.cpp.
SYSTEM_CALL(35, sys_nanosleep);         ///< nanosleep(request, rest)
SYSTEM_CALL(230, sys_clock_nanosleep);  ///< clock_nanosleep(clock, flags, request, rest)
SYSTEM_CALL(96, sys_gettimeofday);      ///< gettimeofday(result, -): counts from boot
SYSTEM_CALL(318, sys_getrandom);        ///< getrandom(buffer, count, -): up to 256 bytes
SYSTEM_CALL(99, sys_sysinfo);           ///< sysinfo(result): uptime, memory, processes
SYSTEM_CALL(228, sys_clock_gettime);    ///< clock_gettime(clock, result): every clock counts from boot
SYSTEM_CALL(63, sys_uname);             ///< uname(result)
SYSTEM_CALL(158, sys_arch_prctl);       ///< arch_prctl(command, address): FS and GS base
