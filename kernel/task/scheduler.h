/// @file
/// Who runs next: round robin over a circular queue.
#pragma once

#include <cstdint>

struct Task;

/// Makes `boot_task` the head of the run queue: the task that runs when nobody else can.
void init_scheduler(Task& boot_task);

/// Gives the processor to the next runnable task; returns when the caller's turn has come again, at once when
/// there is nobody else. On a task's stack, no lock held: system calls and kernel threads call it to wait or
/// to yield, the timer's handler to take the processor away.
void schedule();

/// Links a new task right after the head, so that it runs next after it.
void start_task(Task& task);
/// Takes the current task out of the queue and runs another; returns after make_runnable(). IF=0.
void block_current();
/// Puts a blocked task back at the end of the round; does nothing to one that is not blocked. Any context,
/// IF=0.
void make_runnable(Task& task);
/// Takes the current task out of the queue for good: it is a zombie from now on. IF=0.
[[noreturn]] void retire_current();
/// True when no task but the head could run now. IF=0.
bool nothing_to_run();

/// Calls of schedule() that changed the task, since boot.
extern "C" uint64_t context_switch_count;
