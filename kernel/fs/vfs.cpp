/// @file
/// What all inodes and open files have in common, and the walk from a path to an inode.
#include <kernel/fs/vfs.h>

#include <kernel/libk/panic.h>
#include <kernel/libk/string.h>

namespace {

constinit uint64_t next_inode_number = 1;
constinit Inode* root = nullptr;

/// The flags of open(2) that matter once only, while the file is opened.
constexpr uint32_t kOpenOnlyFlags = kO_CREAT | kO_EXCL | kO_TRUNC | kO_DIRECTORY | kO_CLOEXEC;

/// An absolute path without `.`, `..` or doubled slashes.
class AbsolutePath {
  public:
    Result<void> assign(std::string_view cwd, std::string_view path) {
        length_ = TRY(normalize_path(cwd, path, text_));
        names_directory_ = path.ends_with('/');
        return {};
    }
    std::string_view text() const { return {text_, length_}; }
    /// A slash at the end promises a directory.
    bool names_directory() const { return names_directory_; }
    bool is_root() const { return length_ == 1; }
    std::string_view parent() const { return text().substr(0, text().rfind('/')); }
    std::string_view name() const { return text().substr(text().rfind('/') + 1); }

  private:
    char text_[kPathMax];
    size_t length_ = 0;
    bool names_directory_ = false;
};

/// Follows an absolute path, which may be empty for the root.
Result<Ref<Inode>> walk(std::string_view path) {
    Ref<Inode> inode(&root_inode());
    for (std::string_view name = take_word(path, "/"); !name.empty(); name = take_word(path, "/"))
        inode = TRY(inode->lookup(name));
    return inode;
}

}  // namespace

Inode::Inode(FileType type, uint32_t permissions, uint64_t number)
    : type_(type),
      permissions_(permissions & 07777),
      number_(number ? number : __atomic_fetch_add(&next_inode_number, 1, __ATOMIC_RELAXED)) {}

Result<size_t> OpenFile::read(std::span<std::byte> out) {
    if (!can_read()) return Errno::kEBADF;
    return inode_->seekable() ? read_at_position(out) : inode_->read(0, out, flags_);
}

Result<size_t> OpenFile::write(std::span<const std::byte> data) {
    if (!can_write()) return Errno::kEBADF;
    return inode_->seekable() ? write_at_position(data) : inode_->write(0, data, flags_);
}

Result<size_t> OpenFile::read_at_position(std::span<std::byte> out) {
    LockGuard guard(position_lock_);
    size_t count = TRY(inode_->read(offset_, out, flags_));
    offset_ += count;
    return count;
}

Result<size_t> OpenFile::write_at_position(std::span<const std::byte> data) {
    LockGuard guard(position_lock_);
    size_t count = TRY(inode_->write(offset_, data, flags_));
    offset_ = (flags_ & kO_APPEND) ? inode_->size() : offset_ + count;
    return count;
}

Result<uint64_t> OpenFile::seek(int64_t distance, uint64_t whence) {
    if (!inode_->seekable()) return Errno::kESPIPE;
    LockGuard guard(position_lock_);
    uint64_t start = 0;
    if (whence == kSEEK_CUR)
        start = offset_;
    else if (whence == kSEEK_END)
        start = inode_->size();
    else if (whence != kSEEK_SET)
        return Errno::kEINVAL;
    // Positions stay within int64_t, as lseek(2) returns them. `start` already is.
    int64_t target = 0;
    if (__builtin_add_overflow(static_cast<int64_t>(start), distance, &target) || target < 0)
        return Errno::kEINVAL;
    offset_ = static_cast<uint64_t>(target);
    return offset_;
}

Inode& root_inode() {
    KASSERT(root != nullptr);
    return *root;
}

void set_root_inode(Ref<Inode> inode) {
    if (root) root->unref();
    root = inode.release();
}

Result<Ref<Inode>> resolve(std::string_view cwd, std::string_view path) {
    AbsolutePath absolute;
    TRY_VOID(absolute.assign(cwd, path));
    Ref<Inode> inode = TRY(walk(absolute.text()));
    if (absolute.names_directory() && !inode->is_directory()) return Errno::kENOTDIR;
    return inode;
}

namespace {

/// The inode to open: found, or made when `flags` ask for it.
Result<Ref<Inode>> find_or_create(const AbsolutePath& path, uint32_t flags, uint32_t mode) {
    if (path.is_root() || !(flags & kO_CREAT)) return walk(path.text());
    if (path.names_directory()) return Errno::kEISDIR;
    Ref<Inode> parent = TRY(walk(path.parent()));
    for (;;) {
        auto found = parent->lookup(path.name());
        if (found.ok() && (flags & kO_EXCL)) return Errno::kEEXIST;
        if (found.ok() || found.error() != Errno::kENOENT) return found;
        auto made = parent->create(path.name(), FileType::kRegular, mode);
        // Somebody else may have made it since the look-up: then that one is found next time round.
        if (made.ok() || (flags & kO_EXCL) || made.error() != Errno::kEEXIST) return made;
    }
}

}  // namespace

Result<Ref<OpenFile>> open_file(std::string_view cwd, std::string_view path, uint32_t flags, uint32_t mode) {
    AbsolutePath absolute;
    TRY_VOID(absolute.assign(cwd, path));
    Ref<Inode> inode = TRY(find_or_create(absolute, flags, mode));
    bool for_writing = (flags & kO_ACCMODE) != kO_RDONLY;
    if (inode->is_directory()) {
        if (for_writing || (flags & kO_CREAT)) return Errno::kEISDIR;
    } else if ((flags & kO_DIRECTORY) || absolute.names_directory()) {
        return Errno::kENOTDIR;
    }
    if ((flags & kO_TRUNC) && for_writing && inode->type() == FileType::kRegular)
        TRY_VOID(inode->truncate(0));
    return make_ref<OpenFile>(std::move(inode), flags & ~kOpenOnlyFlags);
}

Result<void> make_directory(std::string_view cwd, std::string_view path, uint32_t mode) {
    AbsolutePath absolute;
    TRY_VOID(absolute.assign(cwd, path));
    if (absolute.is_root()) return Errno::kEEXIST;
    Ref<Inode> parent = TRY(walk(absolute.parent()));
    TRY(parent->create(absolute.name(), FileType::kDirectory, mode));
    return {};
}

Result<void> remove_path(std::string_view cwd, std::string_view path, bool directory) {
    AbsolutePath absolute;
    TRY_VOID(absolute.assign(cwd, path));
    if (absolute.is_root()) return directory ? Errno::kEBUSY : Errno::kEISDIR;
    Ref<Inode> parent = TRY(walk(absolute.parent()));
    Ref<Inode> inode = TRY(parent->lookup(absolute.name()));
    if (directory && !inode->is_directory()) return Errno::kENOTDIR;
    if (!directory && inode->is_directory()) return Errno::kEISDIR;
    if (!directory && absolute.names_directory()) return Errno::kENOTDIR;
    return parent->unlink(absolute.name());
}

Result<void> rename_path(std::string_view cwd, std::string_view path, std::string_view new_path) {
    AbsolutePath from, to;
    TRY_VOID(from.assign(cwd, path));
    TRY_VOID(to.assign(cwd, new_path));
    if (from.is_root() || to.is_root()) return Errno::kEBUSY;
    if (to.text().size() > from.text().size() && to.text().starts_with(from.text()) &&
        to.text()[from.text().size()] == '/')
        return Errno::kEINVAL;
    Ref<Inode> source = TRY(walk(from.parent()));
    Ref<Inode> target = TRY(walk(to.parent()));
    return source->rename(from.name(), *target, to.name());
}
