/// @file
/// What a frame says about its owner: nothing yet.
#pragma once

#include <arch/x86_64/syscall_frame.h>

struct Task;

/// Makes `task` the owner of a frame that was copied from another task. `task` has not run yet.
inline void set_frame_owner(SyscallFrame& /*frame*/, const Task& /*task*/) {}
