/// @file
/// System calls about the machine: time, names, thread-local storage.
#include <algorithm>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/layout.h>
#include <kernel/fs/random.h>
#include <kernel/libk/string.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/user_copy.h>
#include <kernel/syscall/calls.h>
#include <kernel/task/task.h>
#include <kernel/task/timer.h>

namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

/// struct timespec.
struct TimeSpec {
    int64_t seconds;
    int64_t nanoseconds;
};

/// Highest number of a clock; all of them count from boot.
constexpr uint64_t kClockMax = 7;

/// struct sysinfo.
struct SystemInfo {
    int64_t uptime;                                          ///< seconds
    std::array<uint64_t, 3> loads;                           ///< nobody counts
    uint64_t total, free, shared, buffers, swap, swap_free;  ///< memory, in `unit` bytes
    uint16_t processes, padding;
    uint64_t high, high_free;
    uint32_t unit, end;
};
static_assert(sizeof(SystemInfo) == 112);

/// struct utsname.
struct SystemName {
    std::array<char, 65> sysname, nodename, release, version, machine, domainname;
};

// arch_prctl(2) commands.
constexpr uint64_t kARCH_SET_GS = 0x1001, kARCH_SET_FS = 0x1002, kARCH_GET_FS = 0x1003, kARCH_GET_GS = 0x1004;

/// How long `ticks` last.
TimeSpec to_time_spec(uint64_t ticks) {
    const uint64_t hz = timer_hz();
    return {static_cast<int64_t>(ticks / hz),
            static_cast<int64_t>(ticks % hz * (kNanosecondsPerSecond / hz))};
}

/// Ticks that `time` lasts, at least; EINVAL when it is none.
Result<uint64_t> ticks_of(const TimeSpec& time) {
    if (time.seconds < 0 || time.nanoseconds < 0 ||
        time.nanoseconds >= static_cast<int64_t>(kNanosecondsPerSecond))
        return Errno::kEINVAL;
    // Some 30 years: far from an overflow, longer than any boot.
    const uint64_t seconds = std::min<uint64_t>(static_cast<uint64_t>(time.seconds), 1'000'000'000);
    const uint64_t tick_length = kNanosecondsPerSecond / timer_hz();
    const uint64_t part = (static_cast<uint64_t>(time.nanoseconds) + tick_length - 1) / tick_length;
    return seconds * timer_hz() + part;
}

}  // namespace

CallResult sys_nanosleep(uint64_t request, uint64_t rest, uint64_t, uint64_t, uint64_t, uint64_t) {
    return sys_clock_nanosleep(0, 0, request, rest, 0, 0);
}

CallResult sys_clock_nanosleep(uint64_t clock, uint64_t flags, uint64_t request, uint64_t rest, uint64_t,
                               uint64_t) {
    constexpr uint64_t kTIMER_ABSTIME = 1;
    if (clock > kClockMax) return Errno::kEINVAL;
    const TimeSpec time = TRY(read_user(UserPtr<const TimeSpec>{request}));
    const uint64_t ticks = TRY(ticks_of(time));
    if (ticks == 0) return 0;
    const bool absolute = (flags & kTIMER_ABSTIME) != 0;
    // One more: the tick under way does not count.
    const uint64_t end = absolute ? ticks : timer_ticks() + ticks + 1;
    auto slept = sleep_until(end);
    if (!slept.ok() && !absolute && rest) {
        const uint64_t now = timer_ticks();
        TRY_VOID(write_user(UserPtr<TimeSpec>{rest}, to_time_spec(end > now ? end - now : 0)));
    }
    return slept;
}

CallResult sys_gettimeofday(uint64_t result, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    if (!result) return 0;
    // struct timeval: the same, but for microseconds.
    TimeSpec now = to_time_spec(timer_ticks());
    now.nanoseconds /= 1000;
    return write_user(UserPtr<TimeSpec>{result}, now);
}

CallResult sys_getrandom(uint64_t buffer, uint64_t count, uint64_t, uint64_t, uint64_t, uint64_t) {
    // As much as Linux promises to give in one piece.
    std::array<std::byte, 256> bytes;
    const size_t length = std::min<uint64_t>(count, bytes.size());
    fill_random({bytes.data(), length});
    TRY_VOID(copy_to_user(UserPtr<void>{buffer}, bytes.data(), length));
    return length;
}

CallResult sys_sysinfo(uint64_t result, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    SystemInfo info{};
    info.uptime = to_time_spec(timer_ticks()).seconds;
    info.total = total_frame_count() * kPageSize;
    info.free = free_frame_count() * kPageSize;
    info.unit = 1;
    for_each_task([&](const Task& task) { info.processes += task.is_user() ? 1 : 0; });
    return write_user(UserPtr<SystemInfo>{result}, info);
}

CallResult sys_clock_gettime(uint64_t clock, uint64_t result, uint64_t, uint64_t, uint64_t, uint64_t) {
    // CLOCK_REALTIME, CLOCK_MONOTONIC and their kin all count from boot: there is no real-time clock.
    if (clock > kClockMax) return Errno::kEINVAL;
    return write_user(UserPtr<TimeSpec>{result}, to_time_spec(timer_ticks()));
}

CallResult sys_uname(uint64_t result, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    SystemName name{};
    copy_string(name.sysname, "Trapline");
    copy_string(name.nodename, "trapline");
    // Programs built for Linux look at the release and refuse an old one.
    copy_string(name.release, "6.1.0-trapline");
    copy_string(name.version, "teaching kernel");
    copy_string(name.machine, "x86_64");
    return write_user(UserPtr<SystemName>{result}, name);
}

CallResult sys_arch_prctl(uint64_t command, uint64_t address, uint64_t, uint64_t, uint64_t, uint64_t) {
    Task& task = *current();
    save_user_state(task);
    switch (command) {
        case kARCH_SET_FS:
        case kARCH_SET_GS:
            // A non-canonical base would fault when it is loaded, in ring 0; a kernel address is none of its
            // business.
            if (address >= kUserLimit) return Errno::kEPERM;
            (command == kARCH_SET_FS ? task.user_state.fs_base : task.user_state.gs_base) = address;
            load_user_state(task);
            return 0;
        case kARCH_GET_FS:
            return write_user(UserPtr<uint64_t>{address}, task.user_state.fs_base);
        case kARCH_GET_GS:
            return write_user(UserPtr<uint64_t>{address}, task.user_state.gs_base);
        default:
            return Errno::kEINVAL;
    }
}
