/// @file
/// System calls on paths.
#include <arch/x86_64/current.h>
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

/// Room for a path of a program's.
using PathText = std::array<char, kPathMax>;

/// Copies the user's path at `address` to `text`. EFAULT, or ENAMETOOLONG beyond kPathMax.
Result<std::string_view> copy_path(PathText& text, uint64_t address) {
    const size_t length = TRY(copy_string_from_user(text, UserPtr<const char>{address}));
    return std::string_view(text.data(), length);
}

/// The same for a path that starts at `directory`, which must be the working one, or not matter. Inodes do
/// not know their parents, so paths are looked up as text, and an open directory has none.
Result<std::string_view> copy_path(PathText& text, uint64_t directory, uint64_t address) {
    const std::string_view path = TRY(copy_path(text, address));
    const int fd = static_cast<int>(directory);
    if (fd == kAT_FDCWD || path.starts_with('/')) return path;
    return current()->files.find(static_cast<uint32_t>(fd)) ? Errno::kENOSYS : Errno::kEBADF;
}

/// What the user's path at `address` leads to.
Result<Ref<Inode>> resolve_at(uint64_t directory, uint64_t address) {
    PathText text;
    return resolve(cwd(), TRY(copy_path(text, directory, address)));
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
    PathText text;
    const std::string_view path = TRY(copy_path(text, directory, address));
    Ref<OpenFile> file = TRY(open_file(cwd(), path, flags, new_permissions(mode)));
    return current()->files.install(std::move(file), (flags & kO_CLOEXEC) != 0);
}

CallResult sys_stat(uint64_t path, uint64_t buffer, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_newfstatat(kCwdRegister, path, buffer, 0, 0, 0);
}

CallResult sys_newfstatat(uint64_t directory, uint64_t address, uint64_t buffer, uint64_t flags, uint64_t,
                          uint64_t) {
    if (flags & kAT_EMPTY_PATH) {
        PathText text;
        if (TRY(copy_path(text, address)).empty()) {
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
    PathText text;
    const std::string_view path = TRY(copy_path(text, address));
    PathText target{};
    static_cast<void>(TRY(normalize_path(cwd(), path, target)));
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
    PathText text;
    return make_directory(cwd(), TRY(copy_path(text, directory, address)), new_permissions(mode));
}

CallResult sys_rmdir(uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_unlinkat(kCwdRegister, path, kAT_REMOVEDIR, 0, 0, 0);
}

CallResult sys_unlink(uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_unlinkat(kCwdRegister, path, 0, 0, 0, 0);
}

CallResult sys_unlinkat(uint64_t directory, uint64_t address, uint64_t flags, uint64_t, uint64_t, uint64_t) {
    if (static_cast<uint32_t>(flags) & ~kAT_REMOVEDIR) return Errno::kEINVAL;
    PathText text;
    return remove_path(cwd(), TRY(copy_path(text, directory, address)), (flags & kAT_REMOVEDIR) != 0);
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
    PathText text, new_text;
    const std::string_view path = TRY(copy_path(text, directory, address));
    const std::string_view new_path = TRY(copy_path(new_text, new_directory, new_address));
    return rename_path(cwd(), path, new_path);
}

/// Files have no times, so there is nothing to set; but they must be there.
CallResult sys_utimensat(uint64_t directory, uint64_t path, uint64_t, uint64_t, uint64_t, uint64_t) {
    if (path)
        TRY(resolve_at(directory, path));
    else if (!current()->files.find(static_cast<uint32_t>(directory)))
        return Errno::kEBADF;
    return 0;
}
