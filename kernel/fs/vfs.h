/// @file
/// Files as the kernel sees them: inodes (what a name leads to), open files (an inode and a position) and
/// each task's table of descriptors. Unless a comment says otherwise: task context, no lock held.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <kernel/libk/address.h>
#include <kernel/libk/ref.h>
#include <kernel/libk/result.h>
#include <kernel/sync/spinlock.h>

/// The type bits of `st_mode`, with Linux's values.
enum class FileType : uint32_t {
    kPipe = 0010000,
    kCharDevice = 0020000,
    kDirectory = 0040000,
    kRegular = 0100000,
};

/// Flags of open(2), with Linux's values.
inline constexpr uint32_t kO_ACCMODE = 3;          ///< the bits that say which of the next three it is
inline constexpr uint32_t kO_RDONLY = 0;           ///< for reading only
inline constexpr uint32_t kO_WRONLY = 1;           ///< for writing only
inline constexpr uint32_t kO_RDWR = 2;             ///< for both
inline constexpr uint32_t kO_CREAT = 0100;         ///< make the file if it is not there
inline constexpr uint32_t kO_EXCL = 0200;          ///< with kO_CREAT: EEXIST if it is there
inline constexpr uint32_t kO_TRUNC = 01000;        ///< cut it to nothing first
inline constexpr uint32_t kO_APPEND = 02000;       ///< every write goes to the end
inline constexpr uint32_t kO_NONBLOCK = 04000;     ///< EAGAIN rather than waiting
inline constexpr uint32_t kO_DIRECTORY = 0200000;  ///< ENOTDIR for anything else
inline constexpr uint32_t kO_CLOEXEC = 02000000;   ///< execve() closes the descriptor

/// Longest path, in bytes with its terminating null.
inline constexpr size_t kPathMax = 256;
/// Longest file name, in bytes.
inline constexpr size_t kNameMax = 63;

/// The `whence` of lseek(2), with Linux's values.
inline constexpr uint64_t kSEEK_SET = 0;  ///< from the start of the file
inline constexpr uint64_t kSEEK_CUR = 1;  ///< from the position
inline constexpr uint64_t kSEEK_END = 2;  ///< from the end of the file

/// One name in a directory.
struct DirectoryEntry {
    uint64_t next = 0;                   ///< position to go on from; stays good while other names come and go
    uint64_t inode_number = 0;           ///< Inode::number()
    FileType type = FileType::kRegular;  ///< its kind
    std::array<char, kNameMax + 1> name{};  ///< null-terminated
};

/// What a name leads to. Each kind of file overrides what it can do; the defaults refuse with the errno that
/// Linux gives. Calls may sleep unless said otherwise, and are made in task context with no lock held.
class Inode : public RefCounted {
  public:
    /// Numbers from here up are never given out by the constructor.
    static constexpr uint64_t kFirstFreeNumber = uint64_t{1} << 48;

    /// `permissions` are the low 12 bits of `st_mode`. Without a `number` the inode gets a new one; whoever
    /// brings one takes it from kFirstFreeNumber up.
    Inode(FileType type, uint32_t permissions, uint64_t number = 0);

    /// Its kind. Any context, like the next three.
    FileType type() const { return type_; }
    /// The low 12 bits of `st_mode`.
    uint32_t permissions() const { return __atomic_load_n(&permissions_, __ATOMIC_RELAXED); }
    /// Sets them: chmod(2).
    void set_permissions(uint32_t permissions) {
        __atomic_store_n(&permissions_, permissions & 07777, __ATOMIC_RELAXED);
    }
    /// What tells it from every other inode.
    uint64_t number() const { return number_; }
    /// True when names can be looked up in it.
    bool is_directory() const { return type_ == FileType::kDirectory; }
    /// False for streams (pipes and terminals), which have no position and make a reader wait. Reads and
    /// writes of what is seekable never sleep.
    bool seekable() const { return seekable_; }

    /// Bytes in the file; 0 for what has no size.
    virtual uint64_t size() { return 0; }
    /// Up to out.size() bytes from `offset` (ignored by streams). 0 means end of file. A stream waits for the
    /// first byte (EAGAIN instead with kO_NONBLOCK in `flags`) and returns what there is.
    virtual Result<size_t> read(uint64_t /*offset*/, std::span<std::byte> /*out*/, uint32_t /*flags*/) {
        return refuse(Errno::kEISDIR, Errno::kEINVAL);
    }
    /// Up to data.size() bytes to `offset`, or to the end with kO_APPEND in `flags`. EPIPE when nobody will
    /// ever read.
    virtual Result<size_t> write(uint64_t /*offset*/, std::span<const std::byte> /*data*/,
                                 uint32_t /*flags*/) {
        return refuse(Errno::kEISDIR, Errno::kEINVAL);
    }
    /// Makes the file `size` bytes long, zero-filled where it grows.
    virtual Result<void> truncate(uint64_t /*size*/) { return refuse(Errno::kEISDIR, Errno::kEINVAL); }
    /// The inode called `name` in this directory; ENOENT, or ENOTDIR when this is no directory.
    virtual Result<Ref<Inode>> lookup(std::string_view /*name*/) {
        return refuse(Errno::kENOENT, Errno::kENOTDIR);
    }
    /// A new, empty file or directory called `name` in this directory; EEXIST when there is one.
    virtual Result<Ref<Inode>> create(std::string_view /*name*/, FileType /*type*/,
                                      uint32_t /*permissions*/) {
        return refuse(Errno::kEACCES, Errno::kENOTDIR);
    }
    /// Removes `name` from this directory: a file, or a directory that is empty (ENOTEMPTY).
    virtual Result<void> unlink(std::string_view /*name*/) { return refuse(Errno::kEPERM, Errno::kENOTDIR); }
    /// Gives what is called `name` in this directory the name `new_name` in `target`, in place of a file, or
    /// of an empty directory, that has it. EXDEV when `target` belongs to another file system.
    virtual Result<void> rename(std::string_view /*name*/, Inode& /*target*/, std::string_view /*new_name*/) {
        return refuse(Errno::kEXDEV, Errno::kENOTDIR);
    }
    /// Asked of an inode whose name is about to go, with the file system's lock held: a directory refuses
    /// unless it is empty (ENOTEMPTY), and takes no new names from then on. Does not sleep.
    // A directory that does not know better is part of the kernel: /proc.
    virtual Result<void> prepare_unlink() { return is_directory() ? Errno::kEBUSY : Result<void>(); }
    /// The first entry of this directory at or after `position` (0 at first, then DirectoryEntry::next);
    /// ENOENT past the last. `.` and `..` are not listed.
    virtual Result<DirectoryEntry> entry(uint64_t /*position*/) {
        return refuse(Errno::kENOENT, Errno::kENOTDIR);
    }
    /// The frame that holds page `page` of a regular file, with one more reference for the caller, for
    /// mapping it into a program. ENOENT for a hole or past the end. Does not sleep.
    virtual Result<PhysAddr> frame(uint64_t /*page*/) { return Errno::kENOENT; }
    /// Device control (tty: TCGETS and so on). ENOTTY by default.
    virtual Result<void> ioctl(uint64_t /*request*/, UserPtr<void> /*argument*/) { return Errno::kENOTTY; }
    /// Called when the last reference to an OpenFile with these `flags` goes: pipes count their ends.
    virtual void closed(uint32_t /*flags*/) {}
    /// True when a read would not wait: for poll(2).
    virtual bool readable() { return true; }
    /// The same for a write.
    virtual bool writable() { return true; }

  protected:
    /// What rename() of another directory of the same file system finds: itself, if it is one of ramfs.
    virtual class RamDirectory* as_ram_directory() { return nullptr; }
    friend class RamDirectory;
    /// Makes this a stream. For constructors.
    void set_stream() { seekable_ = false; }

  private:
    /// What stands for an operation that this kind of file has not: it depends on its being a directory.
    Errno refuse(Errno directory, Errno other) const { return is_directory() ? directory : other; }

    FileType type_;
    uint32_t permissions_;
    uint64_t number_;
    bool seekable_ = true;
};

/// An inode with a position, as open(2) makes it; shared by dup(2) and fork(2).
class OpenFile : public RefCounted {
  public:
    /// Opens `inode`; `flags` as open_file() takes them.
    OpenFile(Ref<Inode> inode, uint32_t flags) : inode_(std::move(inode)), flags_(flags) {}
    ~OpenFile() override { inode_->closed(flags_); }

    /// What is open.
    Inode& inode() { return *inode_; }
    /// The flags of open(2), as fcntl(2) may have changed them.
    uint32_t flags() const { return flags_; }
    /// Sets them all: F_SETFL of fcntl(2).
    void set_flags(uint32_t flags) { flags_ = flags; }
    /// The position, in bytes from the start.
    uint64_t offset() {
        LockGuard guard(position_lock_);
        return offset_;
    }
    /// True when it is open for reading.
    bool can_read() const { return (flags_ & kO_ACCMODE) != kO_WRONLY; }
    /// True when it is open for writing.
    bool can_write() const { return (flags_ & kO_ACCMODE) != kO_RDONLY; }

    /// Reads at the position and moves it. EBADF when not open for reading. `out` is kernel memory, at most a
    /// page, as a seekable file is copied with interrupts off.
    Result<size_t> read(std::span<std::byte> out);
    /// Writes at the position (at the end with kO_APPEND) and moves it. EBADF when not open for writing.
    /// `data` as for read().
    Result<size_t> write(std::span<const std::byte> data);
    /// Moves the position as lseek(2) does and returns it; ESPIPE for streams, EINVAL before the start.
    Result<uint64_t> seek(int64_t distance, uint64_t whence);

  private:
    // Apart from read() and write(), which are shorter for pipes that way.
    Result<size_t> read_at_position(std::span<std::byte> out);
    Result<size_t> write_at_position(std::span<const std::byte> data);

    Ref<Inode> inode_;
    uint32_t flags_;
    SpinLock position_lock_{
        "file position",
        LockRank::kFilePosition};  ///< guards offset_ while a seekable file is read or written
    uint64_t offset_ GUARDED_BY(position_lock_) = 0;
};

/// A task's file descriptors. Touched only by its own task (and by fork(2) before the child runs). A copy
/// shares every file with the original, as fork(2) wants.
class FileTable {
  public:
    static constexpr int kMaximum = 32;  ///< descriptors of a task, 0 up

    /// The file behind `fd`, or null. Good until the task itself closes `fd`, so a system call may use it
    /// without a reference of its own, even across a sleep.
    OpenFile* find(uint32_t fd) const { return fd < kMaximum ? files_[fd].get() : nullptr; }
    /// Installs `file` at the lowest free descriptor from `lowest` up; EMFILE when full.
    Result<int> install(Ref<OpenFile> file, bool close_on_exec, int lowest = 0);
    /// Installs `file` at exactly `fd`, closing what was there; EBADF outside the table.
    Result<int> install_at(int fd, Ref<OpenFile> file, bool close_on_exec);
    /// Closes `fd`; EBADF.
    Result<void> close(int fd);
    /// True when execve() will close `fd`, which must be open.
    bool close_on_exec(int fd) const { return (close_on_exec_ >> fd & 1) != 0; }
    /// Says whether it will.
    void set_close_on_exec(int fd, bool value) {
        close_on_exec_ = (close_on_exec_ & ~(uint32_t{1} << fd)) | (uint32_t{value} << fd);
    }
    /// Closes everything, as a task ends.
    void close_all() { files_.fill({}); }
    /// Closes what is marked so, as execve() succeeds.
    void close_for_exec();

    /// Permission bits that new files do not get, as umask(2) set them. Inherited with the descriptors.
    uint32_t umask = 022;

  private:
    std::array<Ref<OpenFile>, kMaximum> files_;
    uint32_t close_on_exec_ = 0;  ///< one bit a descriptor
};

/// Writes the absolute form of `path` to `out`: started at `cwd` (absolute) when relative, with "." and ".."
/// and repeated slashes resolved, no slash at the end but for the root, and a terminating null. Returns its
/// length without the null. ENOENT for an empty path, ENAMETOOLONG when it does not fit or a component is
/// longer than kNameMax.
Result<size_t> normalize_path(std::string_view cwd, std::string_view path, std::span<char> out);

/// The root directory. Requires that there is one. Any context.
Inode& root_inode();
/// Makes `root` the root directory. Once, at boot; host tests as they like.
void set_root_inode(Ref<Inode> root);
/// Builds the root file system: an empty ramfs with /dev and /proc, then the initramfs unpacked over it.
/// Returns what is wrong with the archive in plain words, or null. Boot only.
const char* mount_root(std::span<const std::byte> initramfs);

/// The inode that `path` leads to. Relative paths start at `cwd`, an absolute path. ENOENT, ENOTDIR,
/// ENAMETOOLONG.
Result<Ref<Inode>> resolve(std::string_view cwd, std::string_view path);
/// Opens `path` as open(2) does: kO_CREAT, kO_EXCL, kO_TRUNC, kO_DIRECTORY honoured. `mode` are the
/// permissions of a file that it makes.
Result<Ref<OpenFile>> open_file(std::string_view cwd, std::string_view path, uint32_t flags, uint32_t mode);
/// Makes a directory.
Result<void> make_directory(std::string_view cwd, std::string_view path, uint32_t mode);
/// Removes a file (`directory` false; EISDIR for a directory) or an empty directory (`directory` true).
Result<void> remove_path(std::string_view cwd, std::string_view path, bool directory);

/// Gives `path` the name `new_path`, as rename(2) does. EINVAL when that lies within it.
Result<void> rename_path(std::string_view cwd, std::string_view path, std::string_view new_path);

/// The two ends of a new pipe: [0] reads, [1] writes.
Result<std::array<Ref<OpenFile>, 2>> make_pipe();
