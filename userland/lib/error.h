/// @file
/// Error numbers and what to tell a person about them.
#pragma once

// Errors that programs look at; system calls return them negated.
enum : long {
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EEXIST = 17,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    EMFILE = 24,
    ENOTTY = 25,
    ESPIPE = 29,
    EPIPE = 32,
    ERANGE = 34,
    ENAMETOOLONG = 36,
    ENOSYS = 38,
    ENOTEMPTY = 39
};

/// The text for an error number, negated (as system calls return it) or not.
const char* error_text(long error);
/// The text for the signal that killed a program.
const char* signal_text(int signal);
/// Writes "program: subject: text of the error" to descriptor 2. Returns 1, the exit status for a failure.
int complain(const char* program, const char* subject, long error);
