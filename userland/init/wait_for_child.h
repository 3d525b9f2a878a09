/// @file
/// How init spends its time: waiting for a child to end. In a file of its own so that a chapter can replace
/// the way of waiting without touching the rest.
#pragma once

#include <userland/lib/syscall.h>

/// Waits until a child has ended and takes it out of the process table. Returns its pid and sets `status` as
/// wait4() reports it; a negative errno when there is no child to wait for.
inline long wait_for_child(int& status) {
    return wait4(-1, &status);
}
