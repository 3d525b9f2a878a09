/// @file
/// System calls: the instruction itself, and one typed function for each call that Trapline's programs make.
/// Every function returns what the kernel left in RAX: a value that is not negative, or a negative errno (see
/// error.h).
#pragma once

#include <type_traits>

#include <userland/lib/abi.h>

/// The instruction: number in RAX, arguments in RDI, RSI, RDX, R10, R8, R9, result in RAX. The instruction
/// itself overwrites RCX (with the return address) and R11 (with RFLAGS).
inline long raw_syscall(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    register long r9 asm("r9") = f;
    long result;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}

/// A system call with up to six arguments, each an integer or a pointer.
template <class... Arguments>
long syscall(long number, Arguments... arguments) {
    static_assert(sizeof...(arguments) <= 6);
    [[maybe_unused]] auto bits = [](auto value) {
        if constexpr (std::is_pointer_v<decltype(value)>)
            return reinterpret_cast<long>(value);
        else
            return static_cast<long>(value);
    };
    const long in[7] = {bits(arguments)...};
    return raw_syscall(number, in[0], in[1], in[2], in[3], in[4], in[5]);
}

// One function for each call; the meaning is that of the Linux manual page, section 2.
inline long read(int fd, void* buffer, size_t size) {
    return syscall(SYS_read, fd, buffer, size);
}
inline long write(int fd, const void* data, size_t size) {
    return syscall(SYS_write, fd, data, size);
}
inline long open(const char* path, int flags, unsigned mode = 0) {
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
inline long close(int fd) {
    return syscall(SYS_close, fd);
}
inline long lseek(int fd, long offset, int whence) {
    return syscall(SYS_lseek, fd, offset, whence);
}
inline long fstat(int fd, Stat* out) {
    return syscall(SYS_fstat, fd, out);
}
inline long stat(const char* path, Stat* out) {
    return syscall(SYS_newfstatat, AT_FDCWD, path, out, 0);
}
inline long ftruncate(int fd, long size) {
    return syscall(SYS_ftruncate, fd, size);
}
inline long getdents(int fd, void* buffer, size_t size) {
    return syscall(SYS_getdents64, fd, buffer, size);
}
inline long pipe(int ends[2], int flags = 0) {
    return syscall(SYS_pipe2, ends, flags);
}
inline long dup(int fd) {
    return syscall(SYS_dup, fd);
}
inline long dup2(int from, int to) {
    return syscall(SYS_dup2, from, to);
}
inline long fcntl(int fd, int command, long argument = 0) {
    return syscall(SYS_fcntl, fd, command, argument);
}
inline long ioctl(int fd, unsigned request, void* argument) {
    return syscall(SYS_ioctl, fd, request, argument);
}
inline long chdir(const char* path) {
    return syscall(SYS_chdir, path);
}
/// Returns the length of the path with its terminating null.
inline long getcwd(char* out, size_t size) {
    return syscall(SYS_getcwd, out, size);
}
inline long mkdir(const char* path, unsigned mode) {
    return syscall(SYS_mkdir, path, mode);
}
inline long rmdir(const char* path) {
    return syscall(SYS_rmdir, path);
}
inline long unlink(const char* path) {
    return syscall(SYS_unlink, path);
}

inline long fork() {
    return syscall(SYS_fork);
}
/// A child that runs `body(argument)` on the stack below `stack_top` and exits with 0 when that returns. With
/// CLONE_VM in `flags` it shares the caller's memory, and nothing but the memory; with CLONE_SETTLS its FS
/// base is `tls`. The stack must be memory that the child has: `stack_top` itself is rounded down to 16
/// bytes.
extern "C" long clone(unsigned long flags, void* stack_top, void (*body)(void*), void* argument,
                      uint64_t tls = 0);
inline long execve(const char* path, char* const* argv, char* const* envp) {
    return syscall(SYS_execve, path, argv, envp);
}
[[noreturn]] inline void exit(int status) {
    for (;;) syscall(SYS_exit_group, status);
}
inline long wait4(long pid, int* status, int options = 0) {
    return syscall(SYS_wait4, pid, status, options, 0);
}
inline long getpid() {
    return syscall(SYS_getpid);
}
inline long getppid() {
    return syscall(SYS_getppid);
}
inline long getpgrp() {
    return syscall(SYS_getpgrp);
}
inline long getpgid(long pid) {
    return syscall(SYS_getpgid, pid);
}
inline long setpgid(long pid, long group) {
    return syscall(SYS_setpgid, pid, group);
}
inline long kill(long pid, int signal) {
    return syscall(SYS_kill, pid, signal);
}
inline long sched_yield() {
    return syscall(SYS_sched_yield);
}

/// Sets what `signal` does to this process: nothing (`ignore`) or the default. The last argument is the size
/// of the signal mask in bytes.
inline long set_signal(int signal, bool ignore) {
    const SignalAction action{ignore ? 1u : 0u, 0, 0, 0};
    return syscall(SYS_rt_sigaction, signal, &action, 0, 8);
}

/// Returns the end of the data segment after the call; unchanged when the kernel refuses. 0 asks only.
inline long brk(uint64_t end) {
    return syscall(SYS_brk, end);
}
/// Anonymous, private memory of `size` bytes, zero-filled. Returns its address.
inline long mmap_anonymous(size_t size, int protection) {
    return syscall(SYS_mmap, 0, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
/// The same at `address`, in place of what was there.
inline long mmap_at(uint64_t address, size_t size, int protection) {
    return syscall(SYS_mmap, address, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}
inline long mprotect(uint64_t address, size_t size, int protection) {
    return syscall(SYS_mprotect, address, size, protection);
}
inline long munmap(uint64_t address, size_t size) {
    return syscall(SYS_munmap, address, size);
}

inline long nanosleep(const Timespec* span) {
    return syscall(SYS_nanosleep, span, 0);
}
inline long clock_gettime(int clock, Timespec* out) {
    return syscall(SYS_clock_gettime, clock, out);
}
inline long uname(SystemName* out) {
    return syscall(SYS_uname, out);
}
/// Switches the machine off. Does not return where it is allowed.
inline long power_off() {
    return syscall(SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0);
}
