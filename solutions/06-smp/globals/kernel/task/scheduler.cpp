/// @file
/// Chapter 4's scheduler for several processors: still one queue, now with a lock. Each processor takes the
/// next task in the round that no other one runs.
#include <arch/x86_64/current.h>
#include <arch/x86_64/processor.h>
#include <kernel/libk/panic.h>
#include <kernel/task/run_queue.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/switch_to.h>
#include <kernel/task/task.h>

uint64_t context_switch_count = 0;

namespace {

SpinLock lock("run queue", LockRank::kRunQueue);  ///< guards the queue and every task's state
RunQueue<Task> queue GUARDED_BY(lock);

/// The next task after `prev`, an idle one or not, that nobody runs, claimed for this processor, or null.
/// Requires the lock.
Task* claim_next(Task& prev, bool idle) REQUIRES(lock) {
    for (Task* next = prev.next; next != &prev; next = next->next) {
        if (next->idle != idle || __atomic_load_n(&next->running, __ATOMIC_ACQUIRE)) continue;
        next->running = 1;
        next->processor = processor_number();
        return next;
    }
    return nullptr;
}

/// Takes the current task out of the queue, unless it has been woken again, and goes on with another.
void leave_queue() {
    Task* prev = current();
    Task* next = nullptr;
    {
        LockGuard guard(lock);
        if (prev->state == TaskState::kRunnable) return;
        next = claim_next(*prev, false);
        // There are as many idle tasks as processors, so one is free.
        if (!next) next = claim_next(*prev, true);
        KASSERT(next != nullptr);
        queue.remove(*prev);
    }
    switch_to(prev, next);
}

}  // namespace

void init_scheduler(Task& idle) {
    idle.running = 1;
    LockGuard guard(lock);
    queue.init(idle);
}

void schedule() {
    Task* prev = current();
    Task* next = nullptr;
    {
        LockGuard guard(lock);
        next = claim_next(*prev, false);
    }
    if (next) switch_to(prev, next);
}

void start_task(Task& task) {
    LockGuard guard(lock);
    task.state = TaskState::kRunnable;
    queue.insert_after_head(task);
}

bool prepare_to_block() {
    LockGuard guard(lock);
    if (current()->work) return false;
    current()->state = TaskState::kBlocked;
    return true;
}

void block_current() {
    leave_queue();
}

void make_runnable(Task& task) {
    LockGuard guard(lock);
    if (task.state != TaskState::kBlocked) return;
    task.state = TaskState::kRunnable;
    if (!RunQueue<Task>::is_linked(task)) queue.insert_before(task, queue.head());
}

void retire_current() {
    leave_queue();
    panic("a dead task was run");
}

bool nothing_to_run() {
    return false;
}
