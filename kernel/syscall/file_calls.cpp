/// @file
/// System calls on file descriptors.
#include <algorithm>

#include <arch/x86_64/current.h>
#include <arch/x86_64/layout.h>
#include <kernel/libk/bytes.h>
#include <kernel/libk/string.h>
#include <kernel/mm/user_copy.h>
#include <kernel/syscall/calls.h>
#include <kernel/syscall/stat.h>
#include <kernel/task/task.h>

namespace {

/// Longest transfer of one call, as in Linux: the result must fit an int with a page to spare.
constexpr uint64_t kTransferMax = 0x7ffff000;
/// Data passes through a buffer on the kernel stack in pieces of this many bytes; longer writes go through a
/// page of the heap, so that a pipe gets up to a page in one piece.
constexpr size_t kStackBuffer = 512;

/// `struct iovec`.
struct IoVector {
    uint64_t base;
    uint64_t length;
};
constexpr uint64_t kIoVectorMax = 1024;

constexpr uint32_t kF_DUPFD = 0, kF_GETFD = 1, kF_SETFD = 2, kF_GETFL = 3, kF_SETFL = 4,
                   kF_DUPFD_CLOEXEC = 1030;
constexpr uint64_t kFD_CLOEXEC = 1;
/// What fcntl(F_SETFL) may change.
constexpr uint32_t kSettableFlags = kO_APPEND | kO_NONBLOCK;

FileTable& files() {
    return current()->files;
}

/// The file behind `fd`, or EBADF. Descriptors are ints: the upper half of the register means nothing.
Result<OpenFile*> find_file(uint64_t fd) {
    OpenFile* file = files().find(static_cast<uint32_t>(fd));
    if (!file) return Errno::kEBADF;
    return file;
}

/// What a transfer that stops with `error` returns: the bytes that went through before, if any.
Result<uint64_t> progress_or(uint64_t done, Errno error) {
    if (done > 0) return done;
    return error;
}

/// A read that the buffer on the stack can hold.
Result<uint64_t> read_short(OpenFile& file, uint64_t buffer, size_t count) {
    std::byte kbuf[kStackBuffer];
    const size_t got = TRY(file.read({kbuf, count}));
    const size_t left = copy_part_to_user(UserPtr<void>{buffer}, kbuf, got);
    if (left == 0) return got;
    // What the program did not get is still to be read, where there is a way back.
    static_cast<void>(file.seek(-static_cast<int64_t>(left), kSEEK_CUR));
    return progress_or(got - left, Errno::kEFAULT);
}

/// Any other. Not inlined: a short read would have to save the registers that this one needs.
[[gnu::noinline]] Result<uint64_t> read_long(OpenFile& file, uint64_t buffer, uint64_t count) {
    uint64_t done = 0;
    while (done < count) {
        const size_t wanted = std::min(count - done, kStackBuffer);
        auto got = read_short(file, buffer + done, wanted);
        if (!got.ok()) return progress_or(done, got.error());
        done += got.value();
        if (got.value() < wanted || !file.inode().seekable()) break;
        if (current()->work) break;  // a signal waits: don't finish a long transfer first
    }
    return done;
}

Result<uint64_t> read_to_user(OpenFile& file, uint64_t buffer, uint64_t count) {
    if (!file.can_read()) return Errno::kEBADF;
    if (count == 0) return uint64_t{0};  // no reason to wait for a stream
    return count <= kStackBuffer ? read_short(file, buffer, count) : read_long(file, buffer, count);
}

/// A write that the buffer on the stack can hold.
Result<uint64_t> write_short(OpenFile& file, uint64_t buffer, size_t count) {
    std::byte kbuf[kStackBuffer];
    const size_t copied = count - copy_part_from_user(kbuf, UserPtr<const void>{buffer}, count);
    if (copied == 0 && count > 0) return Errno::kEFAULT;
    return file.write({kbuf, copied});
}

/// Any other. Not inlined: a short write would have to save the registers that this one needs.
[[gnu::noinline]] Result<uint64_t> write_long(OpenFile& file, uint64_t buffer, uint64_t count) {
    const HeapPage page;
    if (!page.ok()) return Errno::kENOMEM;
    const std::span<std::byte> kbuf = page.bytes();
    uint64_t done = 0;
    while (done < count) {
        const size_t wanted = std::min(count - done, kbuf.size());
        const size_t copied =
            wanted - copy_part_from_user(kbuf.data(), UserPtr<const void>{buffer + done}, wanted);
        if (copied == 0) return progress_or(done, Errno::kEFAULT);
        auto written = file.write(kbuf.first(copied));
        if (!written.ok()) return progress_or(done, written.error());
        done += written.value();
        if (written.value() < wanted) break;
        if (current()->work) break;  // a signal waits: don't finish a long transfer first
    }
    return done;
}

Result<uint64_t> write_from_user(OpenFile& file, uint64_t buffer, uint64_t count) {
    if (!file.can_write()) return Errno::kEBADF;
    return count <= kStackBuffer ? write_short(file, buffer, count) : write_long(file, buffer, count);
}

using Transfer = Result<uint64_t> (*)(OpenFile& file, uint64_t buffer, uint64_t count);

/// One `transfer`. A range that leaves the user's half is refused before anything moves, as Linux does.
Result<uint64_t> transfer_one(Transfer transfer, uint64_t fd, uint64_t buffer, uint64_t count) {
    OpenFile* file = TRY(find_file(fd));
    if (!range_fits(buffer, count, kUserLimit)) return Errno::kEFAULT;
    return transfer(*file, buffer, std::min(count, kTransferMax));
}

/// One `transfer` for each piece that the user's array describes, until one comes back short.
Result<uint64_t> transfer_vector(Transfer transfer, uint64_t fd, uint64_t vector, uint64_t count) {
    OpenFile* file = TRY(find_file(fd));
    if (count > kIoVectorMax) return Errno::kEINVAL;
    const UserPtr<const IoVector> pieces{vector};
    // The whole array must make sense before anything moves.
    for (uint64_t i = 0; i < count; i++) {
        const IoVector piece = TRY(read_user(pieces + i));
        if (static_cast<int64_t>(piece.length) < 0) return Errno::kEINVAL;
        if (!range_fits(piece.base, piece.length, kUserLimit)) return Errno::kEFAULT;
    }
    uint64_t done = 0;
    for (uint64_t i = 0; i < count; i++) {
        auto piece = read_user(pieces + i);
        if (!piece.ok()) return progress_or(done, piece.error());
        const uint64_t wanted = std::min(piece.value().length, kTransferMax - done);
        if (wanted == 0) continue;
        auto moved = transfer(*file, piece.value().base, wanted);
        if (!moved.ok()) return progress_or(done, moved.error());
        done += moved.value();
        // A stream that has answered must not be waited for again.
        if (moved.value() < wanted || (transfer == read_to_user && !file->inode().seekable())) break;
    }
    return done;
}

/// `struct linux_dirent64`, as long as a name can make it.
struct DirectoryRecord {
    uint64_t inode;
    uint64_t next;
    uint16_t length;  ///< of this record, a multiple of 8
    uint8_t type;     ///< the type bits of st_mode, shifted down
    char name[kNameMax + 1];
};
constexpr size_t kRecordHeader = offsetof(DirectoryRecord, name);
static_assert(kRecordHeader == 19);

}  // namespace

CallResult sys_read(uint64_t fd, uint64_t buffer, uint64_t count, uint64_t, uint64_t, uint64_t) {
    return to_return_waiting(transfer_one(read_to_user, fd, buffer, count), kCallRead);
}

CallResult sys_write(uint64_t fd, uint64_t buffer, uint64_t count, uint64_t, uint64_t, uint64_t) {
    return to_return_waiting(transfer_one(write_from_user, fd, buffer, count), kCallWrite);
}

CallResult sys_readv(uint64_t fd, uint64_t vector, uint64_t count, uint64_t, uint64_t, uint64_t) {
    return to_return_waiting(transfer_vector(read_to_user, fd, vector, count), kCallReadv);
}

CallResult sys_writev(uint64_t fd, uint64_t vector, uint64_t count, uint64_t, uint64_t, uint64_t) {
    return to_return_waiting(transfer_vector(write_from_user, fd, vector, count), kCallWritev);
}

CallResult sys_lseek(uint64_t fd, uint64_t offset, uint64_t whence, uint64_t, uint64_t, uint64_t) {
    return TRY(find_file(fd))->seek(static_cast<int64_t>(offset), whence);
}

CallResult sys_close(uint64_t fd, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return files().close(static_cast<int>(fd));
}

CallResult sys_dup(uint64_t fd, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_fcntl(fd, kF_DUPFD, 0, 0, 0, 0);
}

CallResult sys_dup2(uint64_t from, uint64_t to, uint64_t, uint64_t, uint64_t, uint64_t) {
    if (static_cast<uint32_t>(from) != static_cast<uint32_t>(to)) return sys_dup3(from, to, 0, 0, 0, 0);
    static_cast<void>(TRY(find_file(from)));
    return static_cast<int32_t>(to);
}

CallResult sys_dup3(uint64_t from, uint64_t to, uint64_t flags, uint64_t, uint64_t, uint64_t) {
    if ((flags & ~uint64_t{kO_CLOEXEC}) || static_cast<uint32_t>(from) == static_cast<uint32_t>(to))
        return Errno::kEINVAL;
    OpenFile* file = TRY(find_file(from));
    return files().install_at(static_cast<int>(to), Ref<OpenFile>(file), (flags & kO_CLOEXEC) != 0);
}

CallResult sys_fcntl(uint64_t number, uint64_t command_bits, uint64_t argument, uint64_t, uint64_t,
                     uint64_t) {
    const int fd = static_cast<int>(number);
    const auto command = static_cast<uint32_t>(command_bits);
    OpenFile* file = TRY(find_file(number));
    switch (command) {
        case kF_DUPFD:
        case kF_DUPFD_CLOEXEC:
            // Compared before the cast: a huge number must not turn into a small one.
            if (argument >= FileTable::kMaximum) return Errno::kEINVAL;
            return files().install(Ref<OpenFile>(file), command == kF_DUPFD_CLOEXEC,
                                   static_cast<int>(argument));
        case kF_GETFD:
            return files().close_on_exec(fd) ? kFD_CLOEXEC : 0;
        case kF_SETFD:
            files().set_close_on_exec(fd, (argument & kFD_CLOEXEC) != 0);
            return 0;
        case kF_GETFL:
            return file->flags();
        case kF_SETFL:
            file->set_flags((file->flags() & ~kSettableFlags) |
                            (static_cast<uint32_t>(argument) & kSettableFlags));
            return 0;
        default:
            return Errno::kEINVAL;
    }
}

CallResult sys_ioctl(uint64_t fd, uint64_t request, uint64_t argument, uint64_t, uint64_t, uint64_t) {
    OpenFile* file = TRY(find_file(fd));
    return file->inode().ioctl(static_cast<uint32_t>(request), UserPtr<void>{argument});
}

CallResult sys_pipe(uint64_t out, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_pipe2(out, 0, 0, 0, 0, 0);
}

CallResult sys_pipe2(uint64_t out, uint64_t flag_bits, uint64_t, uint64_t, uint64_t, uint64_t) {
    const auto flags = static_cast<uint32_t>(flag_bits);
    if (flags & ~(kO_CLOEXEC | kO_NONBLOCK)) return Errno::kEINVAL;
    auto ends = TRY(make_pipe());
    int fds[2] = {-1, -1};
    const auto install = [&]() -> Result<void> {
        for (int i = 0; i < 2; i++) {
            ends[i]->set_flags(ends[i]->flags() | (flags & kO_NONBLOCK));
            fds[i] = TRY(files().install(std::move(ends[i]), (flags & kO_CLOEXEC) != 0));
        }
        return copy_to_user(UserPtr<void>{out}, fds, sizeof fds);
    };
    auto installed = install();
    if (installed.ok()) return 0;
    // The program cannot know the descriptors, so it could never close them.
    for (const int fd : fds) static_cast<void>(files().close(fd));
    return installed;
}

CallResult sys_ftruncate(uint64_t fd, uint64_t size, uint64_t, uint64_t, uint64_t, uint64_t) {
    OpenFile* file = TRY(find_file(fd));
    if (!file->can_write() || static_cast<int64_t>(size) < 0) return Errno::kEINVAL;
    return file->inode().truncate(size);
}

CallResult sys_fstat(uint64_t fd, uint64_t buffer, uint64_t, uint64_t, uint64_t, uint64_t) {
    return stat_to_user(TRY(find_file(fd))->inode(), buffer);
}

CallResult sys_getdents64(uint64_t fd, uint64_t buffer, uint64_t count, uint64_t, uint64_t, uint64_t) {
    OpenFile* file = TRY(find_file(fd));
    const uint64_t room = static_cast<uint32_t>(count);
    uint64_t done = 0;
    for (;;) {
        auto found = file->inode().entry(file->offset());
        if (!found.ok() && found.error() == Errno::kENOENT) return done;
        if (!found.ok()) return progress_or(done, found.error());
        const DirectoryEntry& entry = found.value();
        DirectoryRecord record{};
        const size_t name_length = copy_string(record.name, entry.name.data());
        const size_t length = align_up(kRecordHeader + name_length + 1, 8);
        record.inode = entry.inode_number;
        record.next = entry.next;
        record.length = static_cast<uint16_t>(length);
        record.type = static_cast<uint8_t>(static_cast<uint32_t>(entry.type) >> 12);
        if (length > room - done) return progress_or(done, Errno::kEINVAL);
        auto copied = copy_to_user(UserPtr<void>{buffer + done}, &record, length);
        if (!copied.ok()) return progress_or(done, copied.error());
        done += length;
        static_cast<void>(TRY(file->seek(static_cast<int64_t>(entry.next), kSEEK_SET)));
    }
}

CallResult sys_umask(uint64_t mask, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return std::exchange(files().umask, static_cast<uint32_t>(mask & 0777));
}
