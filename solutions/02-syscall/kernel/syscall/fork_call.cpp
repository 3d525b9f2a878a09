/// @file
/// fork(2): the one call whose child needs to know how system calls return.
#include <arch/x86_64/syscall.h>
#include <kernel/syscall/calls.h>
#include <kernel/task/process.h>
#include <kernel/task/scheduler.h>

int64_t sys_fork(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    auto child = fork_process();
    if (!child.ok()) return to_return(child.error());
    prepare_fork_return(*child.value());
    const int pid = child.value()->pid;
    start_task(*child.value());
    return pid;
}
