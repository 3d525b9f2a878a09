/// @file
/// Pipes: a ring of one page between writers and readers.
#include <algorithm>

#include <arch/x86_64/current.h>
#include <kernel/fs/vfs.h>
#include <kernel/libk/string.h>
#include <kernel/task/task.h>
#include <kernel/task/wait_queue.h>

namespace {

/// Bytes a pipe holds. A write of up to this many is never mixed with another's (PIPE_BUF of Linux).
constexpr size_t kPipeSize = kPageSize;

class Pipe final : public Inode {
  public:
    /// Starts with one reader and one writer, the two files that make_pipe() opens.
    Pipe() : Inode(FileType::kPipe, 0600) { set_stream(); }

    /// False when there was no memory for the ring.
    bool ok() const { return page_.ok(); }

    bool readable() override {
        LockGuard guard(lock_);
        return count_ > 0 || writers_ == 0;
    }
    bool writable() override {
        LockGuard guard(lock_);
        return count_ < kPipeSize || readers_ == 0;
    }
    Result<size_t> read(uint64_t offset, std::span<std::byte> out, uint32_t flags) override;
    Result<size_t> write(uint64_t offset, std::span<const std::byte> data, uint32_t flags) override;
    void closed(uint32_t flags) override;

  private:
    Result<size_t> put(std::span<const std::byte> data, uint32_t flags);

    const HeapPage page_;
    std::byte* const ring_ = page_.bytes().data();
    SpinLock lock_{"pipe", LockRank::kPipe};  ///< guards what follows
    size_t head_ GUARDED_BY(lock_) = 0;       ///< where the oldest byte lies
    size_t count_ GUARDED_BY(lock_) = 0;      ///< bytes in the ring
    uint32_t readers_ GUARDED_BY(lock_) = 1;
    uint32_t writers_ GUARDED_BY(lock_) = 1;
    WaitQueue data_arrived_ GUARDED_BY(lock_);
    WaitQueue space_freed_ GUARDED_BY(lock_);
};

Result<size_t> Pipe::read(uint64_t, std::span<std::byte> out, uint32_t flags) {
    LockGuard guard(lock_);
    while (count_ == 0) {
        if (writers_ == 0) return size_t{0};
        if (flags & kO_NONBLOCK) return Errno::kEAGAIN;
        TRY_VOID(data_arrived_.wait(guard));
    }
    const size_t length = std::min(out.size(), count_);
    const size_t to_the_end = std::min(length, kPipeSize - head_);
    memcpy(out.data(), ring_ + head_, to_the_end);
    if (length > to_the_end) memcpy(out.data() + to_the_end, ring_, length - to_the_end);
    head_ = (head_ + length) % kPipeSize;
    count_ -= length;
    space_freed_.wake_all();
    return length;
}

Result<size_t> Pipe::put(std::span<const std::byte> data, uint32_t flags) {
    if (data.empty()) return size_t{0};
    // Waiting for room for all of it keeps the write in one piece.
    const size_t length = std::min(data.size(), kPipeSize);
    LockGuard guard(lock_);
    while (readers_ > 0 && kPipeSize - count_ < length) {
        if (flags & kO_NONBLOCK) return Errno::kEAGAIN;
        TRY_VOID(space_freed_.wait(guard));
    }
    if (readers_ == 0) return Errno::kEPIPE;
    const size_t tail = (head_ + count_) % kPipeSize;
    const size_t to_the_end = std::min(length, kPipeSize - tail);
    memcpy(ring_ + tail, data.data(), to_the_end);
    if (length > to_the_end) memcpy(ring_, data.data() + to_the_end, length - to_the_end);
    count_ += length;
    data_arrived_.wake_all();
    return length;
}

Result<size_t> Pipe::write(uint64_t, std::span<const std::byte> data, uint32_t flags) {
    auto result = put(data, flags);
    if (!result.ok() && result.error() == Errno::kEPIPE) send_signal(*current(), kSIGPIPE);
    return result;
}

void Pipe::closed(uint32_t flags) {
    LockGuard guard(lock_);
    if ((flags & kO_ACCMODE) == kO_WRONLY)
        writers_--;
    else
        readers_--;
    // Whoever waits for the other end finds out that it is gone.
    data_arrived_.wake_all();
    space_freed_.wake_all();
}

}  // namespace

Result<std::array<Ref<OpenFile>, 2>> make_pipe() {
    const Ref<Pipe> pipe = TRY(make_ref<Pipe>());
    if (!pipe->ok()) return Errno::kENOMEM;
    std::array<Ref<OpenFile>, 2> ends;
    ends[0] = TRY(make_ref<OpenFile>(pipe, kO_RDONLY));
    ends[1] = TRY(make_ref<OpenFile>(pipe, kO_WRONLY));
    return ends;
}
