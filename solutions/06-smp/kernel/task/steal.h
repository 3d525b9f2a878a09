/// @file
/// How work gets from one processor to another: an idle one is woken, or helps itself. For scheduler.cpp
/// only.
#pragma once

#include <arch/x86_64/ipi.h>
#include <kernel/task/processor_queue.h>

/// Wakes processor `number` if it sleeps. It looks at its queue after it has said that it will sleep, so
/// either it sees what was queued before this call or this call sees that it sleeps. IF=0.
inline void wake_if_idle(uint32_t number) {
    if (number == processor_number()) return;
    // A store and a later load may change places (Intel SDM 3A, 8.2.3.4): not these.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&idle_processors, __ATOMIC_RELAXED) & 1u << number)
        send_interrupt(number, kRescheduleVector);
}

/// The processor, other than `own`, whose queue is the longest and at least two longer; or `own`. IF=0.
inline uint32_t busiest(uint32_t own) {
    uint32_t found = own;
    uint32_t longest = length_of(processor_queues[own]) + 1;
    for (uint32_t others = online_processors() & ~(1u << own); others; others &= others - 1) {
        const auto number = static_cast<uint32_t>(__builtin_ctz(others));
        if (const uint32_t length = length_of(processor_queues[number]); length > longest) {
            found = number;
            longest = length;
        }
    }
    return found;
}

/// Moves a waiting task of the busiest processor to this one's queue, if there is one. IF=0, no lock held:
/// two queues are never locked at once.
static inline void steal() {
    const uint32_t own = processor_number();
    const uint32_t victim = busiest(own);
    if (victim == own) return;
    Task* taken = nullptr;
    {
        ProcessorQueue& queue = processor_queues[victim];
        LockGuard guard(queue.lock);
        for (Task* task = queue.tasks.head().next; task != &queue.tasks.head(); task = task->next) {
            // The task that runs, and one whose processor has not quite left its stack.
            if (__atomic_load_n(&task->running, __ATOMIC_ACQUIRE)) continue;
            queue.tasks.remove(*task);
            queue.length--;
            taken = task;
            break;
        }
    }
    if (!taken) return;
    ProcessorQueue& queue = processor_queues[own];
    LockGuard guard(queue.lock);
    enqueue(*taken, queue, own);
}
