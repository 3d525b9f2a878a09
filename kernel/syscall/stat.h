/// @file
/// What stat(2) tells about a file.
#pragma once

#include <cstddef>
#include <cstdint>

#include <kernel/fs/vfs.h>

/// `struct stat` of Linux on x86_64. Times stay 0: the kernel has no calendar.
struct LinuxStat {
    uint64_t st_dev;
    uint64_t st_ino;
    uint64_t st_nlink;
    uint32_t st_mode;
    uint32_t st_uid;
    uint32_t st_gid;
    uint32_t padding;
    uint64_t st_rdev;
    int64_t st_size;
    int64_t st_blksize;
    int64_t st_blocks;  ///< of 512 bytes
    uint64_t times[6];
    uint64_t unused[3];
};
static_assert(sizeof(LinuxStat) == 144);
static_assert(offsetof(LinuxStat, st_mode) == 24);
static_assert(offsetof(LinuxStat, st_rdev) == 40);
static_assert(offsetof(LinuxStat, st_blocks) == 64);

/// Copies `inode`'s facts to the user's `struct stat`. EFAULT. Task context, no lock held.
Result<void> stat_to_user(Inode& inode, uint64_t buffer);
