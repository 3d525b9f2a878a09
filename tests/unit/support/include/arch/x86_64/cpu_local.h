/// @file
/// The current task of kernel code that is tested on the host. Found in place of the real header, which reads RSP.
#pragma once

struct Task;

/// `host_task()` of `<tests/unit/support/host_kernel.h>`.
Task* current();
