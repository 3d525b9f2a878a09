/// @file
/// The way into ring 3.
#pragma once

#include <cstdint>

struct Task;

/// Null when programs can run; otherwise why they can't, in one line. Any context.
const char* user_mode_missing();

/// Lays out `task`'s kernel stack so that its first run enters ring 3 at `entry` with `stack` as RSP, every
/// other general register zero and RFLAGS 0x202. For a task that has never run. Task context.
void prepare_user_entry(Task& task, uint64_t entry, uint64_t stack);

/// Leaves the kernel for good: the current task goes on in ring 3 as after prepare_user_entry(). Task
/// context; no lock held.
[[noreturn]] void enter_user(uint64_t entry, uint64_t stack);
