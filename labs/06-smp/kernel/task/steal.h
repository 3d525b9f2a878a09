/// @file
/// How work gets from one processor to another: an idle one is woken, or helps itself. For scheduler.cpp
/// only.
#pragma once

#include <arch/x86_64/ipi.h>
#include <kernel/task/processor_queue.h>

/// Wakes processor `number` if it sleeps. IF=0.
inline void wake_if_idle([[maybe_unused]] uint32_t number) {
    // TODO(lab6.5): a processor that has said in `idle_processors` that it sleeps is interrupted, and none
    // that said so before it could see what has just been queued for it is overlooked.
}

/// The processor, other than `own`, whose queue is the longest and at least two longer; or `own`. IF=0.
inline uint32_t busiest(uint32_t own) {
    // TODO(lab6.5): the answer is what the comment says, among those that are online, without a lock.
    return own;
}

/// Moves a waiting task of the busiest processor to this one's queue, if there is one. IF=0, no lock held:
/// two queues are never locked at once.
static inline void steal() {
    // TODO(lab6.5): a task that no processor runs, nor is still about to leave, has changed from the other
    // queue to this one, if the other has such a task.
}
