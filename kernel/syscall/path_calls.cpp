/// @file
/// System calls on paths.
#include <arch/x86_64/current.h>
#include <kernel/fs/path.h>
#include <kernel/libk/string.h>
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

/// A path copied from the user.
class UserPath {
  public:
    /// EFAULT, or ENAMETOOLONG beyond kPathMax.
    Result<void> assign(uint64_t address) {
        length_ = TRY(copy_string_from_user(text_, UserPtr<const char>{address}));
        return {};
    }
    std::string_view view() const { return {text_, length_}; }

  private:
    char text_[kPathMax];
    size_t length_ = 0;
};

std::string_view cwd() {
    return current()->cwd.data();
}

/// The permissions of a new file: those asked for, without what umask(2) withholds.
uint32_t new_permissions(uint64_t mode) {
    return static_cast<uint32_t>(mode) & 07777 & ~current()->files.umask;
}

/// Refuses a path that would start at another directory than the working one. Inodes do not know their
/// parents, so paths are looked up as text, and an open directory has none.
Result<void> require_cwd(uint64_t directory, std::string_view path) {
    const int fd = static_cast<int>(directory);
    if (fd == kAT_FDCWD || path.starts_with('/')) return {};
    if (!current()->files.find(static_cast<uint32_t>(fd))) return Errno::kEBADF;
    return Errno::kENOSYS;
}

Result<uint64_t> open_at(uint64_t directory, uint64_t address, uint64_t flag_bits, uint64_t mode) {
    const auto flags = static_cast<uint32_t>(flag_bits);
    UserPath path;
    TRY_VOID(path.assign(address));
    TRY_VOID(require_cwd(directory, path.view()));
    Ref<OpenFile> file = TRY(open_file(cwd(), path.view(), flags, new_permissions(mode)));
    const int fd = TRY(current()->files.install(std::move(file), (flags & kO_CLOEXEC) != 0));
    return static_cast<uint64_t>(fd);
}

Result<void> stat_at(uint64_t directory, uint64_t address, uint64_t buffer, uint64_t flags) {
    UserPath path;
    TRY_VOID(path.assign(address));
    const bool of_descriptor = path.view().empty() && (flags & kAT_EMPTY_PATH);
    if (of_descriptor && static_cast<int>(directory) != kAT_FDCWD) {
        OpenFile* file = current()->files.find(static_cast<uint32_t>(directory));
        if (!file) return Errno::kEBADF;
        return stat_to_user(file->inode(), buffer);
    }
    TRY_VOID(require_cwd(directory, path.view()));
    Ref<Inode> inode = TRY(resolve(cwd(), of_descriptor ? std::string_view(".") : path.view()));
    return stat_to_user(*inode, buffer);
}

Result<void> read_link_at(uint64_t directory, uint64_t address) {
    UserPath path;
    TRY_VOID(path.assign(address));
    TRY_VOID(require_cwd(directory, path.view()));
    TRY(resolve(cwd(), path.view()));
    return Errno::kEINVAL;
}

Result<void> check_access_at(uint64_t directory, uint64_t address, uint64_t mode) {
    if (mode & ~kAccessModes) return Errno::kEINVAL;
    UserPath path;
    TRY_VOID(path.assign(address));
    TRY_VOID(require_cwd(directory, path.view()));
    Ref<Inode> inode = TRY(resolve(cwd(), path.view()));
    const bool executable = inode->is_directory() || (inode->permissions() & 0111);
    if ((mode & kX_OK) && !executable) return Errno::kEACCES;
    return {};
}

Result<void> change_directory(uint64_t address) {
    UserPath path;
    TRY_VOID(path.assign(address));
    std::array<char, kPathMax> target{};
    static_cast<void>(TRY(normalize_path(cwd(), path.view(), target)));
    Ref<Inode> inode = TRY(resolve("/", target.data()));
    if (!inode->is_directory()) return Errno::kENOTDIR;
    current()->cwd = target;
    return {};
}

Result<uint64_t> copy_cwd(uint64_t buffer, uint64_t size) {
    const uint64_t length = cwd().size() + 1;
    if (length > size) return Errno::kERANGE;
    TRY_VOID(copy_to_user(UserPtr<void>{buffer}, current()->cwd.data(), length));
    return length;
}

Result<void> make_directory_at(uint64_t directory, uint64_t address, uint64_t mode) {
    UserPath path;
    TRY_VOID(path.assign(address));
    TRY_VOID(require_cwd(directory, path.view()));
    return make_directory(cwd(), path.view(), new_permissions(mode));
}

Result<void> remove_at(uint64_t directory, uint64_t address, bool is_directory) {
    UserPath path;
    TRY_VOID(path.assign(address));
    TRY_VOID(require_cwd(directory, path.view()));
    return remove_path(cwd(), path.view(), is_directory);
}

Result<void> change_permissions_at(uint64_t directory, uint64_t address, uint64_t mode) {
    UserPath path;
    TRY_VOID(path.assign(address));
    TRY_VOID(require_cwd(directory, path.view()));
    Ref<Inode> inode = TRY(resolve(cwd(), path.view()));
    inode->set_permissions(static_cast<uint32_t>(mode));
    return {};
}

Result<void> rename_at(uint64_t directory, uint64_t address, uint64_t new_directory, uint64_t new_address) {
    UserPath path, new_path;
    TRY_VOID(path.assign(address));
    TRY_VOID(new_path.assign(new_address));
    TRY_VOID(require_cwd(directory, path.view()));
    TRY_VOID(require_cwd(new_directory, new_path.view()));
    return rename_path(cwd(), path.view(), new_path.view());
}

/// Files have no times, so there is nothing to set; but they must be there.
Result<void> set_times_at(uint64_t directory, uint64_t address) {
    if (!address)
        return current()->files.find(static_cast<uint32_t>(directory)) ? Result<void>() : Errno::kEBADF;
    UserPath path;
    TRY_VOID(path.assign(address));
    TRY_VOID(require_cwd(directory, path.view()));
    TRY(resolve(cwd(), path.view()));
    return {};
}

/// kAT_FDCWD as it comes in a register.
constexpr auto kCwdRegister = static_cast<uint64_t>(kAT_FDCWD);

}  // namespace

int64_t sys_open(uint64_t path, uint64_t flags, uint64_t mode, uint64_t, uint64_t, uint64_t) {
    return to_return(open_at(kCwdRegister, path, flags, mode));
}

int64_t sys_openat(uint64_t directory, uint64_t path, uint64_t flags, uint64_t mode, uint64_t, uint64_t) {
    return to_return(open_at(directory, path, flags, mode));
}

int64_t sys_stat(uint64_t path, uint64_t buffer, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(stat_at(kCwdRegister, path, buffer, 0));
}

int64_t sys_lstat(uint64_t path, uint64_t buffer, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(stat_at(kCwdRegister, path, buffer, 0));
}

int64_t sys_newfstatat(uint64_t directory, uint64_t path, uint64_t buffer, uint64_t flags, uint64_t,
                       uint64_t) {
    return to_return(stat_at(directory, path, buffer, flags));
}

int64_t sys_readlink(uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(read_link_at(kCwdRegister, path));
}

int64_t sys_readlinkat(uint64_t directory, uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(read_link_at(directory, path));
}

int64_t sys_access(uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(check_access_at(kCwdRegister, path, static_cast<uint32_t>(mode)));
}

int64_t sys_chdir(uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(change_directory(path));
}

int64_t sys_getcwd(uint64_t buffer, uint64_t size, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(copy_cwd(buffer, size));
}

int64_t sys_mkdir(uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(make_directory_at(kCwdRegister, path, mode));
}

int64_t sys_rmdir(uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(remove_at(kCwdRegister, path, true));
}

int64_t sys_unlink(uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(remove_at(kCwdRegister, path, false));
}

int64_t sys_mkdirat(uint64_t directory, uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t) {
    return to_return(make_directory_at(directory, path, mode));
}

int64_t sys_unlinkat(uint64_t directory, uint64_t path, uint64_t flags, uint64_t, uint64_t, uint64_t) {
    if (static_cast<uint32_t>(flags) & ~kAT_REMOVEDIR) return to_return(Errno::kEINVAL);
    return to_return(remove_at(directory, path, (flags & kAT_REMOVEDIR) != 0));
}

int64_t sys_faccessat(uint64_t directory, uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t) {
    return to_return(check_access_at(directory, path, static_cast<uint32_t>(mode)));
}

int64_t sys_chmod(uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(change_permissions_at(kCwdRegister, path, mode));
}

int64_t sys_fchmodat(uint64_t directory, uint64_t path, uint64_t mode, uint64_t, uint64_t, uint64_t) {
    return to_return(change_permissions_at(directory, path, mode));
}

int64_t sys_rename(uint64_t path, uint64_t new_path, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(rename_at(kCwdRegister, path, kCwdRegister, new_path));
}

int64_t sys_renameat(uint64_t directory, uint64_t path, uint64_t new_directory, uint64_t new_path, uint64_t,
                     uint64_t) {
    return to_return(rename_at(directory, path, new_directory, new_path));
}

int64_t sys_utimensat(uint64_t directory, uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(set_times_at(directory, path));
}
