/// @file
/// Who runs next: round robin over a circular queue.
#pragma once

#include <cstdint>

struct Task;

/// Makes `idle`, the running task, the head of the run queue: the task that runs when nobody else can. With
/// several processors once on each, which has a queue of its own.
void init_scheduler(Task& idle);

/// Gives the processor to the next runnable task; returns when the caller's turn has come again, at once when
/// there is nobody else. On a task's stack, no lock held: system calls and kernel threads call it to wait or
/// to yield, the timer's handler to take the processor away.
/// @callgraph
void schedule();

/// Links a new task right after the head, so that it runs next after it. Any context but NMI.
void start_task(Task& task);
/// Announces that the current task is about to call block_current(): from now on make_runnable() counts.
/// False when a signal waits and the task must not sleep. IF=0.
bool prepare_to_block();
/// Runs another task until make_runnable(), which may have come already since prepare_to_block(). IF=0, no
/// lock held.
void block_current();
/// Puts a blocked task back at the end of the round; does nothing to one that is not blocked. Any context,
/// IF=0.
/// @callergraph
void make_runnable(Task& task);
/// Takes the current task, a zombie, out of the queue for good. IF=0, no lock held.
[[noreturn]] void retire_current();
/// True when no task but the head could run now. IF=0.
bool nothing_to_run();

/// Calls of schedule() that changed the task, since boot.
extern "C" uint64_t context_switch_count;
