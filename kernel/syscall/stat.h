/// @file
/// What stat(2) tells about a file.
#pragma once

#include <cstddef>
#include <cstdint>

#include <kernel/fs/vfs.h>

/// `struct stat` of Linux on x86_64. Times stay 0: the kernel has no calendar.
struct LinuxStat {
    uint64_t st_dev;     ///< 1: there is one file system
    uint64_t st_ino;     ///< Inode::number()
    uint64_t st_nlink;   ///< 2 for a directory, 1 for anything else
    uint32_t st_mode;    ///< type and permissions
    uint32_t st_uid;     ///< 0: root
    uint32_t st_gid;     ///< 0: root
    uint32_t padding;    ///< 0
    uint64_t st_rdev;    ///< 0
    int64_t st_size;     ///< bytes
    int64_t st_blksize;  ///< what a reader should ask for at once: a page
    int64_t st_blocks;   ///< of 512 bytes
    uint64_t times[6];   ///< access, modification, change: seconds and nanoseconds each
    uint64_t unused[3];  ///< 0
};
static_assert(sizeof(LinuxStat) == 144);
static_assert(offsetof(LinuxStat, st_mode) == 24);
static_assert(offsetof(LinuxStat, st_rdev) == 40);
static_assert(offsetof(LinuxStat, st_blocks) == 64);

/// Copies `inode`'s facts to the user's `struct stat`. EFAULT. Task context, no lock held.
Result<void> stat_to_user(Inode& inode, uint64_t buffer);
