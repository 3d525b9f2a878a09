/// @file
/// Round robin on every processor, each over a queue of its own, and work stealing between them.
///
/// A task stays with its processor, whose caches know it, while it sleeps and wakes. A processor that has
/// nothing else to run takes a waiting task from a queue that is longer by two: with fewer there is nothing
/// to gain. A processor that idles is woken when a task of its own wakes, and when another starts a new one.
#include <arch/x86_64/current.h>
#include <arch/x86_64/processor.h>
#include <kernel/libk/panic.h>
#include <kernel/sync/lock_place.h>
#include <kernel/task/processor_queue.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/steal.h>
#include <kernel/task/switch_to.h>
#include <kernel/task/task.h>

uint64_t context_switch_count = 0;

namespace {

ProcessorQueue& own_queue() {
    return processor_queues[processor_number()];
}

/// The task after `prev` in the round. The head, once it idles, is passed over unless it is alone.
Task* pick_next(ProcessorQueue& queue, Task& prev) REQUIRES(queue.lock) {
    Task* next = prev.next;
    if (next->idle && !queue.tasks.is_alone()) next = next->next;
    return next;
}

}  // namespace

void init_scheduler(Task& idle) {
    idle.running = 1;
    idle.processor = processor_number();
    ProcessorQueue& queue = own_queue();
    LockGuard guard(queue.lock);
    queue.tasks.init(idle);
}

void schedule() {
    const uint64_t flags = irq_save();
    check_no_lock_held();
    Task* prev = current();
    ProcessorQueue& queue = own_queue();
    if (prev->idle) __atomic_fetch_and(&idle_processors, ~(1u << processor_number()), __ATOMIC_SEQ_CST);
    if (length_of(queue) <= 1) steal();
    queue.lock.lock();
    Task* next = pick_next(queue, *prev);
    next->running = 1;
    queue.lock.unlock();
    if (next != prev) switch_to(prev, next);
    irq_restore(flags);
}

void start_task(Task& task) {
    const uint64_t flags = irq_save();
    const uint32_t own = processor_number();
    {
        ProcessorQueue& queue = processor_queues[own];
        LockGuard guard(queue.lock);
        task.state = TaskState::kRunnable;
        task.processor = own;
        queue.tasks.insert_after_head(task);
        queue.length++;
    }
    // One that idles may come and take it.
    const uint32_t idle = __atomic_load_n(&idle_processors, __ATOMIC_SEQ_CST);
    if (idle) wake_if_idle(static_cast<uint32_t>(__builtin_ctz(idle)));
    irq_restore(flags);
}

bool prepare_to_block() {
    Task* task = current();
    // The lock is not needed: who sends a signal notes it first and looks at the state then, here it is the
    // other way round, so one of the two sees the other.
    task->state = TaskState::kBlocked;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&task->work, __ATOMIC_RELAXED)) return true;
    task->state = TaskState::kRunnable;
    return false;
}

/// Takes the current task out of its queue, unless it has been woken again, and goes on with the next.
void block_current() {
    check_no_lock_held();
    Task* prev = current();
    ProcessorQueue& queue = own_queue();
    queue.lock.lock();
    if (prev->state == TaskState::kRunnable) {
        queue.lock.unlock();
        return;
    }
    KASSERT(prev != &queue.tasks.head());
    Task* next = pick_next(queue, *prev);
    if (next == prev) next = &queue.tasks.head();
    queue.tasks.remove(*prev);
    queue.length--;
    next->running = 1;
    queue.lock.unlock();
    switch_to(prev, next);
}

void make_runnable(Task& task) {
    for (;;) {
        const uint32_t home = __atomic_load_n(&task.processor, __ATOMIC_RELAXED);
        ProcessorQueue& queue = processor_queues[home];
        queue.lock.lock();
        const bool moved = task.processor != home;
        bool queued = false;
        if (!moved && task.state == TaskState::kBlocked) {
            task.state = TaskState::kRunnable;
            // Linked still: it was about to sleep, and will find that it need not.
            queued = !RunQueue<Task>::is_linked(task);
            if (queued) enqueue(task, queue, home);
        }
        queue.lock.unlock();
        if (queued) wake_if_idle(home);
        if (!moved) return;
    }
}

void retire_current() {
    block_current();
    panic("a dead task was run");
}

bool nothing_to_run() {
    const uint32_t own = processor_number();
    __atomic_fetch_or(&idle_processors, 1u << own, __ATOMIC_SEQ_CST);
    return length_of(processor_queues[own]) == 0 && busiest(own) == own;
}
