/// @file
/// The run queues of all processors, as the scheduler shares them with what steals from them.
#pragma once

#include <array>
#include <cstdint>

#include <arch/x86_64/processor.h>
#include <kernel/sync/spinlock.h>
#include <kernel/task/run_queue.h>
#include <kernel/task/task.h>

/// The tasks of one processor: those that wait for it and the one it runs.
///
/// A task's `processor` says whose queue it is in or was in last, and that queue's lock guards its links and
/// its `state`, but for the task's own step to kBlocked. Only its own processor runs a task of a queue, so a
/// task that does not run may be moved.
///
/// Each in a cache line of its own: what one processor does with its queue costs the others nothing.
struct alignas(64) ProcessorQueue {
    SpinLock lock{"run queue", LockRank::kRunQueue};  ///< guards the queue
    RunQueue<Task> tasks GUARDED_BY(lock);            ///< the head is the processor's idle task
    uint32_t length GUARDED_BY(lock) = 0;             ///< tasks besides the head
};

/// Processor n's is number n.
inline constinit std::array<ProcessorQueue, kMaximumProcessors> processor_queues;
/// Bit n: processor n sleeps, or is about to.
inline constinit uint32_t idle_processors = 0;

/// How long `queue` is, or was just now. No lock needed.
inline uint32_t length_of(const ProcessorQueue& queue) {
    return __atomic_load_n(&queue.length, __ATOMIC_RELAXED);
}

/// Links a task that does not run at the end of `queue`, which is processor `number`'s.
inline void enqueue(Task& task, ProcessorQueue& queue, uint32_t number) REQUIRES(queue.lock) {
    task.processor = number;
    queue.tasks.insert_before(task, queue.tasks.head());
    queue.length++;
}
