/// @file
/// Measures machine speed and the time that a process could have used.
#include <tests/harness/progress.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

namespace harness {

namespace {

namespace fs = std::filesystem;

constexpr int kOverallFactor = 10;
/// Even when QEMU hardly ever gets a processor, a test ends some day.
constexpr int kWallFactor = 60;

double thread_cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Measures in processor time, so that load on the machine does not count as slowness.
double measured_slowness() {
    constexpr double kReferenceSeconds = 0.02;
    constexpr double kSlowest = 16;
    const double start = thread_cpu_seconds();
    volatile uint64_t state = 88172645463325252;
    for (int i = 0; i < 4'000'000; ++i) state = state ^ (state << 13) ^ (state >> 7);
    return std::clamp((thread_cpu_seconds() - start) / kReferenceSeconds, 1.0, kSlowest);
}

double requested_scale() {
    const char* text = std::getenv("TRAPLINE_TIME_SCALE");
    const double value = text ? std::strtod(text, nullptr) : 1.0;
    return value > 0 ? value : 1.0;
}

}  // namespace

double time_scale() {
    static const double scale = measured_slowness() * requested_scale();
    return scale;
}

ProcessClock::ProcessClock(pid_t pid) : pid_(pid), start_(Clock::now()), last_(start_) {
    longest_new_wait();
}

ProcessClock::Nanoseconds ProcessClock::longest_new_wait() {
    int64_t longest = 0;
    std::error_code error;  // the process may be gone, or its threads go while they are listed
    fs::directory_iterator thread("/proc/" + std::to_string(pid_) + "/task", error);
    for (; !error && thread != fs::directory_iterator(); thread.increment(error)) {
        std::ifstream file(thread->path() / "schedstat");
        int64_t ran = 0;
        int64_t waited = 0;
        if (!(file >> ran >> waited)) continue;
        const int id = std::atoi(thread->path().filename().c_str());
        const auto [entry, is_new] = waited_.try_emplace(id, waited);
        if (!is_new) longest = std::max(longest, waited - entry->second);
        entry->second = waited;
    }
    return Nanoseconds(longest);
}

Duration ProcessClock::elapsed() {
    const Clock::time_point now = Clock::now();
    const Nanoseconds passed = now - last_;
    // A sample costs some system calls, so closely spaced questions share one.
    if (passed >= Duration(20)) {
        last_ = now;
        elapsed_ += passed - std::min(passed, longest_new_wait());
    }
    return std::chrono::duration_cast<Duration>(elapsed_);
}

Duration ProcessClock::wall() const {
    return std::chrono::duration_cast<Duration>(Clock::now() - start_);
}

ProgressTimer::ProgressTimer(pid_t pid, Duration limit)
    : clock_(pid), limit_(std::chrono::duration_cast<Duration>(limit * time_scale())) {}

std::optional<TimeoutReason> ProgressTimer::expired() {
    if (silence() > limit_) return TimeoutReason::kNoProgress;
    if (clock_.elapsed() > limit_ * kOverallFactor || clock_.wall() > limit_ * kWallFactor) {
        return TimeoutReason::kOverallLimit;
    }
    return std::nullopt;
}

}  // namespace harness
