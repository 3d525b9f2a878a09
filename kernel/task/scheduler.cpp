/// @file
/// Round robin over a circular queue.
#include <arch/x86_64/context.h>
#include <arch/x86_64/cpu_local.h>
#include <kernel/debug/trace.h>
#include <kernel/libk/panic.h>
#include <kernel/sync/lock_place.h>
#include <kernel/task/run_queue.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>

uint64_t context_switch_count = 0;

namespace {

RunQueue<Task> queue;

/// The task after `prev` in the round. The head, once it idles, is passed over unless it is alone.
Task* pick_next(Task& prev) {
    Task* next = prev.next;
    if (next->idle && !queue.is_alone()) next = next->next;
    return next;
}

/// Everything that changes hands with the processor, then the switch itself, which must come last: what
/// follows it runs when `prev` is resumed, on prev's stack, at another time.
void switch_to(Task* prev, Task* next) {
    context_switch_count++;
    if (next->is_user()) {
        publish_kernel_stack(*next);
        trace_publish(*next);
    }
    switch_entry_state(*prev, *next);
    switch_user_state(*prev, *next);
    trace_switch(*next);
    switch_context(prev, next);
}

}  // namespace

void init_scheduler(Task& idle) {
    queue.init(idle);
}

void schedule() {
    check_no_lock_held();
    Task* prev = current();
    Task* next = pick_next(*prev);
    if (next == prev) return;
    switch_to(prev, next);
}

void start_task(Task& task) {
    LockGuard guard(task_list_lock());
    task.state = TaskState::kRunnable;
    queue.insert_after_head(task);
}

bool prepare_to_block() {
    if (current()->work) return false;
    current()->state = TaskState::kBlocked;
    return true;
}

/// Unlinks the current task and goes on with the one after it.
void block_current() {
    check_no_lock_held();
    Task* prev = current();
    KASSERT(prev != &queue.head());
    Task* next = pick_next(*prev);
    if (next == prev) next = &queue.head();
    queue.remove(*prev);
    switch_to(prev, next);
}

void make_runnable(Task& task) {
    if (task.state != TaskState::kBlocked) return;
    task.state = TaskState::kRunnable;
    queue.insert_before(task, queue.head());
}

void retire_current() {
    block_current();
    panic("a dead task was run");
}

bool nothing_to_run() {
    return queue.is_alone();
}
