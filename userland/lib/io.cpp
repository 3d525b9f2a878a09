/// @file
/// Reading and writing in useful portions.
#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/string.h>
#include <userland/lib/syscall.h>

long write_all(int fd, const void* data, size_t size) {
    auto* bytes = static_cast<const char*>(data);
    while (size) {
        const long written = write(fd, bytes, size);
        if (written == -EINTR) continue;
        if (written < 0) return written;
        bytes += written;
        size -= static_cast<size_t>(written);
    }
    return 0;
}

long open_input(const char* path) {
    return same(path, "-") ? 0 : open(path, O_RDONLY | O_CLOEXEC);
}

bool LineReader::next() {
    length_ = 0;
    complete_ = false;
    while (length_ < kMaximum) {
        if (next_ == filled_) {
            const long got = read(fd_, buffer_, chunk_);
            if (got == -EINTR) continue;
            if (got < 0) error_ = got;
            if (got <= 0) break;
            next_ = 0;
            filled_ = static_cast<size_t>(got);
        }
        const char c = buffer_[next_++];
        if (c == '\n') {
            complete_ = true;
            break;
        }
        line_[length_++] = c;
    }
    line_[length_] = '\0';
    return length_ || complete_;
}
