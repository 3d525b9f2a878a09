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
constexpr uint64_t kCLONE_VM = 0x100, kCLONE_SETTLS = 0x80000;

/// Starts a child of the current process that returns from this system call with 0, and returns its pid.
Result<uint64_t> start_child(uint64_t flags, uint64_t stack, uint64_t tls) {
    Task* child = TRY(fork_process(flags & kCLONE_VM ? ChildMemory::kShared : ChildMemory::kCopy));
    if (flags & kCLONE_SETTLS) child->user_state.fs_base = tls;
    prepare_fork_return(*child, stack);
    const int pid = child->pid;  // once started it may be gone before we run again
    start_task(*child);
    return static_cast<uint64_t>(pid);
}

Result<uint64_t> clone(uint64_t flags, uint64_t stack, uint64_t tls) {
    const uint64_t signal = flags & kCloneSignal;
    if (flags & ~(kCloneSignal | kCLONE_VM | kCLONE_SETTLS)) return Errno::kEINVAL;
    if (signal != 0 && signal != kSIGCHLD) return Errno::kEINVAL;
    // As arch_prctl(2) has it: a base that is not canonical would fault when it is loaded, in ring 0.
    if (flags & kCLONE_SETTLS && tls >= kUserLimit) return Errno::kEPERM;
    return start_child(flags, stack, tls);
}

}  // namespace

int64_t sys_fork(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(start_child(0, 0, 0));
}

int64_t sys_clone(uint64_t flags, uint64_t stack, uint64_t, uint64_t, uint64_t tls, uint64_t) {
    return to_return(clone(flags, stack, tls));
}
