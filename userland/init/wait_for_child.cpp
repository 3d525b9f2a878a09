/// @file
/// Waiting asleep, in the kernel.
#include <userland/init/wait_for_child.h>
#include <userland/lib/syscall.h>

long wait_for_child(int& status) {
    return wait4(-1, &status);
}
