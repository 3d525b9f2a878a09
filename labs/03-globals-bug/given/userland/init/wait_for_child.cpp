/// @file
/// Waiting awake: looking for an ended child, and yielding when there is none.
#include <userland/init/wait_for_child.h>
#include <userland/lib/syscall.h>

namespace {

/// sched_yield(), in yield.S.
extern "C" void init_yield();

/// Yields between two looks that found nothing: a look costs a walk over all tasks, a yield next to nothing.
constexpr int kYieldsPerLook = 64;

}  // namespace

long wait_for_child(int& status) {
    for (;;) {
        const long pid = wait4(-1, &status, WNOHANG);
        if (pid > 0) return pid;
        for (int i = 0; i < kYieldsPerLook; i++) init_yield();
    }
}
