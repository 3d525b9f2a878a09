/// @file
/// Unix sockets with time limits.
#include <tests/harness/error.h>
#include <tests/harness/file_descriptor.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace harness {

namespace {

constexpr size_t kReadSize = 65536;

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.size() >= sizeof address.sun_path) {
        throw InfrastructureError("path too long for a unix socket: " + text);
    }
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    return address;
}

FileDescriptor make_socket() {
    FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) throw_errno("cannot make a socket");
    return fd;
}

bool wait_for_event(int fd, short events, Duration limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    pollfd entry{fd, events, 0};
    for (;;) {
        const auto left =
            std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now()).count();
        const int ready = poll(&entry, 1, left > 0 ? static_cast<int>(left) : 0);
        if (ready >= 0) return ready > 0;
        if (errno != EINTR) throw_errno("poll");
    }
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = other.fd_;
        other.fd_ = -1;
    }
    return *this;
}

void FileDescriptor::reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
}

FileDescriptor listen_unix(const std::filesystem::path& path) {
    const sockaddr_un address = address_of(path);
    FileDescriptor fd = make_socket();
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(fd.get(), 1) != 0) {
        throw_errno("cannot listen at " + path.string());
    }
    return fd;
}

FileDescriptor connect_unix(const std::filesystem::path& path) {
    const sockaddr_un address = address_of(path);
    FileDescriptor fd = make_socket();
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw_errno("cannot connect to " + path.string());
    }
    return fd;
}

FileDescriptor accept_unix(const FileDescriptor& listener, Duration limit) {
    if (!wait_readable(listener, limit)) return FileDescriptor();
    return FileDescriptor(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

bool wait_readable(const FileDescriptor& fd, Duration limit) {
    return wait_for_event(fd.get(), POLLIN, limit);
}

void write_all(const FileDescriptor& fd, std::string_view data, Duration limit) {
    while (!data.empty()) {
        const ssize_t sent = send(fd.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            data.remove_prefix(static_cast<size_t>(sent));
        } else if (errno == EAGAIN) {
            if (!wait_for_event(fd.get(), POLLOUT, limit)) {
                throw InfrastructureError("QEMU takes no more input");
            }
        } else if (errno == EPIPE || errno == ECONNRESET) {
            throw QemuGone("QEMU closed the connection");
        } else if (errno != EINTR) {
            throw_errno("cannot write to QEMU");
        }
    }
}

bool read_available(const FileDescriptor& fd, std::string& buffer) {
    for (;;) {
        char chunk[kReadSize];
        const ssize_t got = recv(fd.get(), chunk, sizeof chunk, MSG_DONTWAIT);
        if (got > 0) {
            buffer.append(chunk, static_cast<size_t>(got));
            if (static_cast<size_t>(got) < sizeof chunk) return true;
        } else if (got == 0 || errno == ECONNRESET) {
            return false;
        } else if (errno == EAGAIN) {
            return true;
        } else if (errno != EINTR) {
            throw_errno("cannot read from QEMU");
        }
    }
}

}  // namespace harness
