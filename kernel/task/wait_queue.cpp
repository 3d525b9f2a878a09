/// @file
/// Sleeping and waking.
#include <arch/x86_64/cpu_local.h>
#include <kernel/libk/panic.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>

// Not analysed: it gives up a lock that it has not taken, and takes it again.
NO_THREAD_SAFETY_ANALYSIS Result<void> WaitQueue::wait(LockGuard& guard) {
    Task* task = current();
    if (!prepare_to_block()) return Errno::kEINTR;
    task->wait_link = head_;
    head_ = task;
    // Another processor may wake the task as soon as the lock is free: block_current() then returns at once.
    guard.lock().unlock();
    block_current();
    guard.lock().lock();
    // A signal wakes without wake_all(): the task is still in the list then.
    for (Task** link = &head_; *link; link = &(*link)->wait_link) {
        if (*link == task) {
            *link = task->wait_link;
            break;
        }
    }
    if (task->work) [[unlikely]]
        return Errno::kEINTR;
    return {};
}

void WaitQueue::wake_sleepers() {
    while (Task* task = head_) {
        head_ = task->wait_link;
        task->wait_link = nullptr;
        make_runnable(*task);
    }
}
