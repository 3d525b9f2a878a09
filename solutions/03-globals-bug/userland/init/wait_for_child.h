/// @file
/// How init spends its time: looking for an ended child, and yielding when there is none.
#pragma once

#include <userland/lib/syscall.h>

/// sched_yield(), in yield.S.
extern "C" void init_yield();

/// Waits until a child has ended and takes it out of the process table. Returns its pid and sets `status` as
/// wait4() reports it.
inline long wait_for_child(int& status) {
    for (;;) {
        const long pid = wait4(-1, &status, WNOHANG);
        if (pid > 0) return pid;
        init_yield();
    }
}
