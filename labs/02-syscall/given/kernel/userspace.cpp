/// @file
/// Userspace from chapter 2 on: init, which starts everything else.
#include <arch/x86_64/syscall.h>
#include <arch/x86_64/tss.h>
#include <kernel/console/console.h>
#include <kernel/libk/panic.h>
#include <kernel/task/process.h>
#include <kernel/userspace.h>

void init_task_entry() {
    init_tss();
    init_syscall();
}

void start_userspace() {
    if (auto init = start_process("/init"); !init.ok())
        panic("/init can't be started: errno %d", static_cast<int>(init.error()));
}
