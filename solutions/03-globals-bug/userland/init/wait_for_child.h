/// @file
/// How init spends its time: looking for an ended child, and yielding when there is none.
#pragma once

#include <userland/lib/syscall.h>

/// sched_yield(), in yield.S.
extern "C" void init_yield();

/// Yields between two looks that found nothing: a look costs a walk over all tasks, a yield next to nothing.
inline constexpr int kYieldsPerLook = 64;

/// Waits until a child has ended and takes it out of the process table. Returns its pid and sets `status` as
/// wait4() reports it.
inline long wait_for_child(int& status) {
    for (;;) {
        const long pid = wait4(-1, &status, WNOHANG);
        if (pid > 0) return pid;
        for (int i = 0; i < kYieldsPerLook; i++) init_yield();
    }
}
