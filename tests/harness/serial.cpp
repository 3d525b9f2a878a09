/// @file
/// Captures a serial line in the background.
#include <tests/harness/serial.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace harness {

Serial::Serial(FileDescriptor connection, size_t cap) : connection_(std::move(connection)), cap_(cap) {
    thread_ = std::thread([this] { capture(); });
}

Serial::~Serial() {
    shutdown(connection_.get(), SHUT_RDWR);  // wakes the thread
    thread_.join();
}

void Serial::capture() {
    bool open = true;
    while (open) {
        char chunk[65536];
        const ssize_t got = recv(connection_.get(), chunk, sizeof chunk, 0);
        open = got > 0 || (got < 0 && errno == EINTR);

        const std::lock_guard guard(lock_);
        const size_t size = got > 0 ? static_cast<size_t>(got) : 0;
        const size_t kept = std::min(size, cap_ - text_.size());
        text_.append(chunk, kept);
        dropped_ += size - kept;
        closed_ = !open;
        grown_.notify_all();
    }
}

std::string Serial::text() const {
    const std::lock_guard guard(lock_);
    return text_;
}

size_t Serial::size() const {
    const std::lock_guard guard(lock_);
    return text_.size();
}

size_t Serial::dropped() const {
    const std::lock_guard guard(lock_);
    return dropped_;
}

bool Serial::closed() const {
    const std::lock_guard guard(lock_);
    return closed_;
}

std::optional<SerialMatch> Serial::find(const std::vector<std::string>& texts, size_t from) const {
    const std::lock_guard guard(lock_);
    std::optional<SerialMatch> best;
    size_t best_start = std::string::npos;
    for (size_t i = 0; i < texts.size(); ++i) {
        const size_t start = text_.find(texts[i], from);
        if (start < best_start) {
            best_start = start;
            best = SerialMatch{i, start + texts[i].size()};
        }
    }
    return best;
}

void Serial::wait_growth(size_t known, Duration limit) const {
    std::unique_lock guard(lock_);
    grown_.wait_for(guard, limit, [&] { return text_.size() > known || closed_ || dropped_ > 0; });
}

void Serial::wait_closed(Duration limit) const {
    std::unique_lock guard(lock_);
    grown_.wait_for(guard, limit, [&] { return closed_; });
}

void Serial::send(std::string_view data) {
    typed_ += data.size();
    write_all(connection_, data, Duration(10'000));
}

}  // namespace harness
