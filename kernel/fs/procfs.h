/// @file
/// /proc: what the kernel knows about its tasks, as files that are written while they are read.
#pragma once

#include <kernel/fs/vfs.h>

/// The directory to link as /proc: one numeric directory a task with `stat` and `cmdline`, `self` for the
/// reader's own, and `uptime` and `meminfo`. Texts as in proc(5). ENOMEM. At boot, once.
Result<Ref<Inode>> make_procfs();
