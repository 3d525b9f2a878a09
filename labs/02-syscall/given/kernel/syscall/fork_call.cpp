/// @file
/// fork(2) and clone(2): the calls whose child needs to know how system calls return.
#include <arch/x86_64/layout.h>
#include <arch/x86_64/syscall.h>
#include <kernel/syscall/calls.h>
#include <kernel/task/process.h>
#include <kernel/task/scheduler.h>

namespace {

// Flags of clone(2); the lowest byte is the signal that tells the parent of the child's death.
constexpr uint64_t kCloneSignal = 0xff;
constexpr uint64_t kCLONE_VM = 0x100, kCLONE_VFORK = 0x4000, kCLONE_SETTLS = 0x80000,
                   kCLONE_CHILD_CLEARTID = 0x200000, kCLONE_CHILD_SETTID = 0x1000000;

/// Makes a child for the call `number` and starts it. `flags`, `stack`, `child_tid` and `tls` are clone(2)'s.
CallResult start_child(uint64_t number, uint64_t flags, uint64_t stack, uint64_t child_tid, uint64_t tls) {
    auto made = fork_process((flags & kCLONE_VM) != 0);
    if (!made.ok()) return to_return_waiting(made.error(), number);
    Task* child = made.value();
    // As in Linux a bad address is nobody's error.
    const int pid = child->pid;  // once started it may be gone before we run again
    if (flags & kCLONE_CHILD_SETTID) static_cast<void>(store(*child->space, child_tid, &pid, sizeof(pid)));
    if (flags & kCLONE_SETTLS) child->user_state.fs_base = tls;
    prepare_fork_return(*child, stack);
    if (flags & kCLONE_VFORK) {
        LockGuard guard(task_list_lock());
        child->borrows_memory = true;
    }
    start_task(*child);
    if (flags & kCLONE_VFORK) wait_for_release(pid);
    return pid;
}

}  // namespace

CallResult sys_fork(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return start_child(kCallFork, 0, 0, 0, 0);
}

CallResult sys_vfork(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return start_child(kCallVfork, kCLONE_VM | kCLONE_VFORK, 0, 0, 0);
}

CallResult sys_clone(uint64_t flags, uint64_t stack, uint64_t, uint64_t child_tid, uint64_t tls, uint64_t) {
    const uint64_t signal = flags & kCloneSignal;
    // CLONE_CHILD_CLEARTID is for those who wait for a thread's end; a process has one thread, so nobody
    // does.
    if (flags & ~(kCloneSignal | kCLONE_VM | kCLONE_VFORK | kCLONE_SETTLS | kCLONE_CHILD_CLEARTID |
                  kCLONE_CHILD_SETTID))
        return Errno::kEINVAL;
    if (signal != 0 && signal != kSIGCHLD) return Errno::kEINVAL;
    // As arch_prctl(2) has it: a base that is not canonical would fault when it is loaded, in ring 0.
    if (flags & kCLONE_SETTLS && tls >= kUserLimit) return Errno::kEPERM;
    return start_child(kCallClone, flags, stack, child_tid, tls);
}
