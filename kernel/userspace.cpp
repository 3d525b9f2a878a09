/// @file
/// The tree's userspace: none, and why.
#include <arch/x86_64/user_entry.h>
#include <kernel/console/console.h>
#include <kernel/userspace.h>

void init_task_entry() {}

void start_userspace() {
    kprintf("Trapline has %s.\n", user_mode_missing());
}
