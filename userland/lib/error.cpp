/// @file
/// Texts for error numbers and signals, as users of Unix know them.
#include <userland/lib/error.h>
#include <userland/lib/print.h>

namespace {

struct Text {
    long number;
    const char* text;
};

constexpr Text kErrors[] = {
    {EPERM, "Operation not permitted"},
    {ENOENT, "No such file or directory"},
    {ESRCH, "No such process"},
    {EINTR, "Interrupted system call"},
    {5, "Input/output error"},
    {7, "Argument list too long"},
    {ENOEXEC, "Exec format error"},
    {EBADF, "Bad file descriptor"},
    {ECHILD, "No child processes"},
    {EAGAIN, "Resource temporarily unavailable"},
    {ENOMEM, "Cannot allocate memory"},
    {EACCES, "Permission denied"},
    {EFAULT, "Bad address"},
    {16, "Device or resource busy"},
    {EEXIST, "File exists"},
    {19, "No such device"},
    {ENOTDIR, "Not a directory"},
    {EISDIR, "Is a directory"},
    {EINVAL, "Invalid argument"},
    {23, "Too many open files in system"},
    {EMFILE, "Too many open files"},
    {ENOTTY, "Inappropriate ioctl for device"},
    {26, "Text file busy"},
    {27, "File too large"},
    {28, "No space left on device"},
    {ESPIPE, "Illegal seek"},
    {30, "Read-only file system"},
    {EPIPE, "Broken pipe"},
    {ERANGE, "Numerical result out of range"},
    {ENAMETOOLONG, "File name too long"},
    {ENOSYS, "Function not implemented"},
    {ENOTEMPTY, "Directory not empty"},
};

constexpr Text kSignals[] = {
    {1, "Hangup"},
    {2, "Interrupt"},
    {3, "Quit"},
    {4, "Illegal instruction"},
    {5, "Trace/breakpoint trap"},
    {6, "Aborted"},
    {7, "Bus error"},
    {8, "Arithmetic exception"},
    {9, "Killed"},
    {11, "Segmentation fault"},
    {13, "Broken pipe"},
    {14, "Alarm clock"},
    {15, "Terminated"},
};

template <size_t N>
const char* find(const Text (&table)[N], long number, const char* otherwise) {
    for (const Text& entry : table)
        if (entry.number == number) return entry.text;
    return otherwise;
}

}  // namespace

const char* error_text(long error) {
    return find(kErrors, error < 0 ? -error : error, "Unknown error");
}

const char* signal_text(int signal) {
    return find(kSignals, signal, "Unknown signal");
}

int complain(const char* program, const char* subject, long error) {
    print_to(2, "%s: %s: %s\n", program, subject, error_text(error));
    return 1;
}
