/// @file
/// Owns a file descriptor, and makes the unix sockets through which QEMU is reached.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <tests/harness/progress.h>

namespace harness {

/// Closes its descriptor when destroyed. -1 means none.
class FileDescriptor {
  public:
    explicit FileDescriptor(int fd = -1) : fd_(fd) {}
    ~FileDescriptor() { reset(); }
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;

    int get() const { return fd_; }
    void reset();

  private:
    int fd_;
};

/// A listening unix socket at `path`. Throws InfrastructureError.
FileDescriptor listen_unix(const std::filesystem::path& path);
/// Connects to the unix socket at `path`. Throws InfrastructureError.
FileDescriptor connect_unix(const std::filesystem::path& path);
/// The next connection to `listener`, or an empty descriptor when none came within `limit`.
FileDescriptor accept_unix(const FileDescriptor& listener, Duration limit);

/// Waits until `fd` has data or has been closed by the other side; false when neither happened within
/// `limit`.
bool wait_readable(const FileDescriptor& fd, Duration limit);
/// Writes all of `data`. Throws QemuGone when the other side has closed, InfrastructureError when it takes
/// nothing for longer than `limit`.
void write_all(const FileDescriptor& fd, std::string_view data, Duration limit);
/// Appends what can be read without waiting to `buffer`; false when the other side has closed.
bool read_available(const FileDescriptor& fd, std::string& buffer);

}  // namespace harness
