/// @file
/// Fills the user's `struct stat`.
#include <kernel/syscall/stat.h>

#include <kernel/mm/user_copy.h>

Result<void> stat_to_user(Inode& inode, uint64_t buffer) {
    const uint64_t size = inode.size();
    // Everything that is not named is 0, padding included: nothing of the kernel's stack may leak.
    LinuxStat stat{};
    stat.st_dev = 1;
    stat.st_ino = inode.number();
    stat.st_nlink = inode.is_directory() ? 2 : 1;
    stat.st_mode = static_cast<uint32_t>(inode.type()) | inode.permissions();
    stat.st_size = static_cast<int64_t>(size);
    stat.st_blksize = kPageSize;
    stat.st_blocks = static_cast<int64_t>(align_up(size, 512) / 512);
    return copy_to_user(UserPtr<void>{buffer}, &stat, sizeof stat);
}
