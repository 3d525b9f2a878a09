/// @file
/// System calls on paths.
#include <arch/x86_64/current.h>
#include <kernel/fs/path.h>
#include <kernel/mm/user_copy.h>
#include <kernel/syscall/calls.h>
#include <kernel/syscall/stat.h>
#include <kernel/task/task.h>

namespace {

/// "Relative to the working directory", in place of a descriptor.
constexpr int kAT_FDCWD = -100;
constexpr uint64_t kAT_REMOVEDIR = 0x200;
constexpr uint64_t kAT_EMPTY_PATH = 0x1000;
constexpr uint64_t kX_OK = 1;
constexpr uint64_t kAccessModes = 7;

std::string_view cwd() {
    return current()->cwd.data();
}

/// A path copied from the user.
class UserPath {
  public:
    /// EFAULT, or ENAMETOOLONG beyond kPathMax.
    Result<void> assign(uint64_t address) {
        length_ = TRY(copy_string_from_user(text_, UserPtr<const char>{address}));
        return {};
    }
    /// The same for a path that starts at `directory`, which must be the working one, or not matter. Inodes
    /// do not know their parents, so paths are looked up as text, and an open directory has none.
    Result<void> assign(uint64_t directory, uint64_t address) {
        TRY_VOID(assign(address));
        const int fd = static_cast<int>(directory);
        if (fd == kAT_FDCWD || view().starts_with('/')) return {};
        return current()->files.find(static_cast<uint32_t>(fd)) ? Errno::kENOSYS : Errno::kEBADF;
    }
    std::string_view view() const { return {text_, length_}; }

  private:
    char text_[kPathMax];
    size_t length_ = 0;
};

/// What the user's path at `address` leads to.
Result<Ref<Inode>> resolve_at(uint64_t directory, uint64_t address) {
    UserPath path;
    TRY_VOID(path.assign(directory, address));
    return resolve(cwd(), path.view());
}

/// The permissions of a new file: those asked for, without what umask(2) withholds.
uint32_t new_permissions(uint64_t mode) {
    return static_cast<uint32_t>(mode) & 07777 & ~current()->files.umask;
}

/// kAT_FDCWD as it comes in a register.
constexpr auto kCwdRegister = static_cast<uint64_t>(kAT_FDCWD);

}  // namespace

CallResult sys_open(uint64_t path, uint64_t flags, uint64_t mode, uint64_t, uint64_t, uint64_t) {
    return sys_openat(kCwdRegister, path, flags, mode, 0, 0);
}

CallResult sys_openat(uint64_t directory, uint64_t address, uint64_t flag_bits, uint64_t mode, uint64_t,
                      uint64_t) {
    const auto flags = static_cast<uint32_t>(flag_bits);
    UserPath path;
    TRY_VOID(path.assign(directory, address));
    Ref<OpenFile> file = TRY(open_file(cwd(), path.view(), flags, new_permissions(mode)));
    return current()->files.install(std::move(file), (flags & kO_CLOEXEC) != 0);
}

CallResult sys_stat(uint64_t path, uint64_t buffer, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_newfstatat(kCwdRegister, path, buffer, 0, 0, 0);
}

CallResult sys_newfstatat(uint64_t directory, uint64_t address, uint64_t buffer, uint64_t flags, uint64_t,
                          uint64_t) {
    if (flags & kAT_EMPTY_PATH) {
        UserPath path;
        TRY_VOID(path.assign(address));
        if (path.view().empty()) {
            if (static_cast<int>(directory) != kAT_FDCWD) return sys_fstat(directory, buffer, 0, 0, 0, 0);
            return stat_to_user(*TRY(resolve(cwd(), ".")), buffer);
        }
    }
    return stat_to_user(*TRY(resolve_at(directory, address)), buffer);
}

CallResult sys_readlink(uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_readlinkat(kCwdRegister, path, 0, 0, 0, 0);
}

CallResult sys_readlinkat(uint64_t directory, uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t) {
    TRY(resolve_at(directory, path));
    return Errno::kEINVAL;
}

CallResult sys_access(uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_faccessat(kCwdRegister, path, mode, 0, 0, 0);
}

CallResult sys_faccessat(uint64_t directory, uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t) {
    if (static_cast<uint32_t>(mode) & ~kAccessModes) return Errno::kEINVAL;
    Ref<Inode> inode = TRY(resolve_at(directory, path));
    const bool executable = inode->is_directory() || (inode->permissions() & 0111);
    if ((mode & kX_OK) && !executable) return Errno::kEACCES;
    return 0;
}

CallResult sys_chdir(uint64_t address, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    UserPath path;
    TRY_VOID(path.assign(address));
    std::array<char, kPathMax> target{};
    static_cast<void>(TRY(normalize_path(cwd(), path.view(), target)));
    Ref<Inode> inode = TRY(resolve("/", target.data()));
    if (!inode->is_directory()) return Errno::kENOTDIR;
    current()->cwd = target;
    return 0;
}

CallResult sys_getcwd(uint64_t buffer, uint64_t size, uint64_t, uint64_t, uint64_t, uint64_t) {
    const uint64_t length = cwd().size() + 1;
    if (length > size) return Errno::kERANGE;
    TRY_VOID(copy_to_user(UserPtr<void>{buffer}, cwd().data(), length));
    return length;
}

CallResult sys_mkdir(uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_mkdirat(kCwdRegister, path, mode, 0, 0, 0);
}

CallResult sys_mkdirat(uint64_t directory, uint64_t address, uint64_t mode, uint64_t, uint64_t, uint64_t) {
    UserPath path;
    TRY_VOID(path.assign(directory, address));
    return make_directory(cwd(), path.view(), new_permissions(mode));
}

CallResult sys_rmdir(uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_unlinkat(kCwdRegister, path, kAT_REMOVEDIR, 0, 0, 0);
}

CallResult sys_unlink(uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_unlinkat(kCwdRegister, path, 0, 0, 0, 0);
}

CallResult sys_unlinkat(uint64_t directory, uint64_t address, uint64_t flags, uint64_t, uint64_t, uint64_t) {
    if (static_cast<uint32_t>(flags) & ~kAT_REMOVEDIR) return Errno::kEINVAL;
    UserPath path;
    TRY_VOID(path.assign(directory, address));
    return remove_path(cwd(), path.view(), (flags & kAT_REMOVEDIR) != 0);
}

CallResult sys_chmod(uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_fchmodat(kCwdRegister, path, mode, 0, 0, 0);
}

CallResult sys_fchmodat(uint64_t directory, uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t) {
    TRY(resolve_at(directory, path))->set_permissions(static_cast<uint32_t>(mode));
    return 0;
}

CallResult sys_rename(uint64_t path, uint64_t new_path, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_renameat(kCwdRegister, path, kCwdRegister, new_path, 0, 0);
}

CallResult sys_renameat(uint64_t directory, uint64_t address, uint64_t new_directory, uint64_t new_address,
                        uint64_t, uint64_t) {
    UserPath path, new_path;
    TRY_VOID(path.assign(directory, address));
    TRY_VOID(new_path.assign(new_directory, new_address));
    return rename_path(cwd(), path.view(), new_path.view());
}

/// Files have no times, so there is nothing to set; but they must be there.
CallResult sys_utimensat(uint64_t directory, uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t) {
    if (path)
        TRY(resolve_at(directory, path));
    else if (!current()->files.find(static_cast<uint32_t>(directory)))
        return Errno::kEBADF;
    return 0;
}
