/// @file
/// Round robin on every processor, each over a queue of its own, and work stealing between them.
///
/// A task stays with its processor, whose caches know it, while it sleeps and wakes. A processor that has
/// nothing else to run takes a waiting task from a queue that is longer by two: with fewer there is nothing
/// to gain. A processor that idles is woken when a task of its own wakes, and when another starts a new one.
#include <arch/x86_64/current.h>
#include <arch/x86_64/ipi.h>
#include <arch/x86_64/processor.h>
#include <kernel/libk/panic.h>
#include <kernel/sync/lock_place.h>
#include <kernel/task/run_queue.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/switch_to.h>
#include <kernel/task/task.h>

uint64_t context_switch_count = 0;

namespace {

/// The tasks of one processor: those that wait for it and the one it runs.
///
/// A task's `processor` says whose queue it is in or was in last, and that queue's lock guards its links and
/// its `state`, but for the task's own step to kBlocked. Only its own processor runs a task of a queue, so a
/// task that does not run may be moved.
///
/// Each in a cache line of its own: what one processor does with its queue costs the others nothing.
struct alignas(64) ProcessorQueue {
    SpinLock lock{"run queue", LockRank::kRunQueue};
    RunQueue<Task> tasks GUARDED_BY(lock);  ///< the head is the processor's idle task
    uint32_t length GUARDED_BY(lock) = 0;   ///< tasks besides the head
};

std::array<ProcessorQueue, kMaximumProcessors> queues;
uint32_t idle_processors = 0;  ///< bit n: processor n sleeps, or is about to

ProcessorQueue& own_queue() {
    return queues[processor_number()];
}

uint32_t length_of(const ProcessorQueue& queue) {
    return __atomic_load_n(&queue.length, __ATOMIC_RELAXED);
}

/// Links a task that does not run at the end of `queue`, which is processor `number`'s.
void enqueue(Task& task, ProcessorQueue& queue, uint32_t number) REQUIRES(queue.lock) {
    task.processor = number;
    queue.tasks.insert_before(task, queue.tasks.head());
    queue.length++;
}

/// Wakes processor `number` if it sleeps. It looks at its queue after it has said that it will sleep, so
/// either it sees what was queued before this call or this call sees that it sleeps.
void wake_processor(uint32_t number) {
    if (number == processor_number()) return;
    // A store and a later load may change places (Intel SDM 3A, 8.2.3.4): not these.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&idle_processors, __ATOMIC_RELAXED) & 1u << number)
        send_interrupt(number, kRescheduleVector);
}

/// The processor, other than `own`, whose queue is the longest and at least two longer; or `own`.
uint32_t busiest(uint32_t own) {
    uint32_t found = own;
    uint32_t longest = length_of(queues[own]) + 1;
    for (uint32_t others = online_processors() & ~(1u << own); others; others &= others - 1) {
        const auto number = static_cast<uint32_t>(__builtin_ctz(others));
        if (const uint32_t length = length_of(queues[number]); length > longest) {
            found = number;
            longest = length;
        }
    }
    return found;
}

/// Moves a waiting task of the busiest processor to this one's queue, if there is one. No lock held: two
/// queues are never locked at once.
void steal() {
    const uint32_t own = processor_number();
    const uint32_t victim = busiest(own);
    if (victim == own) return;
    Task* taken = nullptr;
    {
        LockGuard guard(queues[victim].lock);
        RunQueue<Task>& tasks = queues[victim].tasks;
        for (Task* task = tasks.head().next; task != &tasks.head(); task = task->next) {
            // The task that runs, and one whose processor has not quite left its stack.
            if (__atomic_load_n(&task->running, __ATOMIC_ACQUIRE)) continue;
            tasks.remove(*task);
            queues[victim].length--;
            taken = task;
            break;
        }
    }
    if (!taken) return;
    LockGuard guard(queues[own].lock);
    enqueue(*taken, queues[own], own);
}

/// The task after `prev` in the round. The head, once it idles, is passed over unless it is alone.
Task* pick_next(ProcessorQueue& queue, Task& prev) REQUIRES(queue.lock) {
    Task* next = prev.next;
    if (next->idle && !queue.tasks.is_alone()) next = next->next;
    return next;
}

/// Takes the current task out of its queue, unless it has been woken again, and goes on with the next.
void leave_queue() {
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
        ProcessorQueue& queue = queues[own];
        LockGuard guard(queue.lock);
        task.state = TaskState::kRunnable;
        task.processor = own;
        queue.tasks.insert_after_head(task);
        queue.length++;
    }
    // One that idles may come and take it.
    const uint32_t idle = __atomic_load_n(&idle_processors, __ATOMIC_SEQ_CST);
    if (idle) wake_processor(static_cast<uint32_t>(__builtin_ctz(idle)));
    irq_restore(flags);
}

bool prepare_to_block() {
    Task* task = current();
    // The lock is not needed: who sends a signal notes it first and looks at the state then, here it is the
    // other way round, so one of the two sees the other.
    task->state = TaskState::kBlocked;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&task->fatal_signal, __ATOMIC_RELAXED)) return true;
    task->state = TaskState::kRunnable;
    return false;
}

void block_current() {
    leave_queue();
}

void make_runnable(Task& task) {
    for (;;) {
        const uint32_t home = __atomic_load_n(&task.processor, __ATOMIC_RELAXED);
        ProcessorQueue& queue = queues[home];
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
        if (queued) wake_processor(home);
        if (!moved) return;
    }
}

void retire_current() {
    leave_queue();
    panic("a dead task was run");
}

bool nothing_to_run() {
    const uint32_t own = processor_number();
    __atomic_fetch_or(&idle_processors, 1u << own, __ATOMIC_SEQ_CST);
    return length_of(queues[own]) == 0 && busiest(own) == own;
}
