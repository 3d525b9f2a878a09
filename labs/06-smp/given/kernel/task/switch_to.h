/// @file
/// The switch from one task to another, as the schedulers for several processors do it.
#pragma once

#include <arch/x86_64/context.h>
#include <arch/x86_64/cpu_local.h>
#include <kernel/debug/trace.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>

/// Everything that changes hands with the processor, then the switch itself, which must come last: what
/// follows it runs when `prev` is resumed, on prev's stack, at another time, perhaps on another processor.
/// No lock held: switch_context() clears prev->running when nothing here needs prev any more.
inline void switch_to(Task* prev, Task* next) {
    __atomic_fetch_add(&context_switch_count, 1, __ATOMIC_RELAXED);
    if (next->is_user()) {
        publish_kernel_stack(*next);
        trace_publish(*next);
    }
    switch_entry_state(*prev, *next);
    switch_user_state(*prev, *next);
    trace_switch(*next);
    switch_context(prev, next);
}
