/// @file
/// The system calls, one function each, in the form that the dispatcher's table holds them.
#pragma once

#include <cstdint>

#include <kernel/libk/result.h>

/// A system call: gets the six argument registers, of which it names those it uses, and returns what RAX
/// shall hold: a result or a negative errno. Called in the context of the task that made the call, no lock
/// held. Arguments, results and errors are those of Linux on x86_64, unless a comment says otherwise.
using SystemCall = int64_t(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

/// The negative errno.
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
SystemCall sys_ftruncate;   ///< ftruncate(fd, size)
SystemCall sys_fstat;       ///< fstat(fd, stat)
SystemCall sys_getdents64;  ///< getdents64(fd, buffer, count); `.` and `..` are not listed
SystemCall sys_umask;       ///< umask(mask)
SystemCall sys_open;        ///< open(path, flags, mode)
SystemCall sys_openat;      ///< openat(directory, path, flags, mode): a relative path only from AT_FDCWD
SystemCall sys_stat;        ///< stat(path, stat)
SystemCall sys_lstat;       ///< lstat(path, stat): as stat(), there are no symbolic links
SystemCall sys_newfstatat;  ///< newfstatat(directory, path, stat, flags), AT_EMPTY_PATH included
SystemCall sys_access;      ///< access(path, mode): everybody is root, so only X_OK may be refused
SystemCall sys_chdir;       ///< chdir(path)
SystemCall sys_getcwd;      ///< getcwd(buffer, size)
SystemCall sys_mkdir;       ///< mkdir(path, mode)
SystemCall sys_rmdir;       ///< rmdir(path)
SystemCall sys_unlink;      ///< unlink(path)
