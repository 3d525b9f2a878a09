/// @file
/// Userspace on many processors: each one is made ready for it by the same function.
#include <arch/x86_64/processor_start.h>
#include <kernel/libk/panic.h>
#include <kernel/task/process.h>
#include <kernel/userspace.h>

void init_task_entry() {
    start_this_processor();
}

void start_userspace() {
    if (auto init = start_process("/init"); !init.ok())
        panic("/init can't be started: errno %d", static_cast<int>(init.error()));
}
