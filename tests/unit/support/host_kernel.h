/// @file
/// The kernel around files and terminals, as far as their host tests need one: a current task, user memory,
/// sleep, signals, a clock and a console.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <kernel/task/task.h>

/// What host tests see of the kernel's surroundings, and how they steer it.
struct HostKernel {
    /// Runs when the task under test sleeps in a WaitQueue, with the queue's lock released, or yields: what
    /// the others do meanwhile. Without it, sleeping is an error of the test. A signal ends the sleep.
    std::function<void()> while_asleep;
    int sleeps = 0;  ///< how often it did
    struct Signal {
        int target;  ///< pid, or minus the process group
        int signal;
    };
    std::vector<Signal> signals;  ///< sent, oldest first
    std::string screen;           ///< what was written to the console
    uint64_t ticks = 0;           ///< of 1000 a second
};
extern HostKernel host;

/// The task that current() returns and /proc shows: pid 7, group 7.
Task& host_task();
/// A signal that it will die of comes for that task.
void kill_host_task();
/// Forgets all of the above, closes the task's files and drops the root directory and the console's terminal.
void reset_host_kernel();

/// Where the user's memory starts: pages that user copies can reach, with nothing reachable around them.
std::byte* host_user_memory();
inline constexpr size_t kHostUserPages = 4;
inline uint64_t user_address(size_t offset = 0) {
    return reinterpret_cast<uint64_t>(host_user_memory()) + offset;
}
