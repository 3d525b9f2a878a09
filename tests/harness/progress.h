/// @file
/// Time limits that a loaded or slow machine does not break: they count only the time in which QEMU could
/// have run, start again whenever the guest gets on, and scale with the machine's speed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include <tests/harness/error.h>

namespace harness {

using Duration = std::chrono::milliseconds;

/// How many times longer than on the reference machine to wait, at least 1: a short loop measured once per
/// process, times the environment variable TRAPLINE_TIME_SCALE when that is a positive number.
double time_scale();

/// Reads how long each thread of a process had to wait for a processor, and subtracts the longest such wait
/// from the time that passed. On kernels without scheduler statistics it counts plain time.
class ProcessClock {
  public:
    explicit ProcessClock(pid_t pid);
    /// Time since construction in which the process could run. Never decreases.
    Duration elapsed();
    /// Plain time since construction.
    Duration wall() const;

  private:
    using Nanoseconds = std::chrono::nanoseconds;
    using Clock = std::chrono::steady_clock;

    Nanoseconds longest_new_wait();

    pid_t pid_;
    Clock::time_point start_;
    Clock::time_point last_;
    Nanoseconds elapsed_{0};
    std::map<int, int64_t> waited_;  ///< thread id -> nanoseconds waited, as last seen
};

/// Watches one wait. `limit` bounds the time without progress; ten times as much bounds the whole wait, in
/// case the guest makes progress for ever.
class ProgressTimer {
  public:
    ProgressTimer(pid_t pid, Duration limit);
    /// Something happened: the time without progress starts again.
    void progress() { last_progress_ = clock_.elapsed(); }
    /// Time since the last progress, unscaled.
    Duration silence() { return clock_.elapsed() - last_progress_; }
    /// Why to give up, or nothing while there is time left.
    std::optional<TimeoutReason> expired();

  private:
    ProcessClock clock_;
    Duration limit_;
    Duration last_progress_{0};
};

}  // namespace harness
