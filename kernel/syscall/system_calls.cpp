/// @file
/// System calls about the machine: time, names, thread-local storage.
#include <algorithm>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/layout.h>
#include <kernel/libk/string.h>
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

/// struct utsname.
struct SystemName {
    std::array<char, 65> sysname, nodename, release, version, machine, domainname;
};

// arch_prctl(2) commands.
constexpr uint64_t kARCH_SET_GS = 0x1001, kARCH_SET_FS = 0x1002, kARCH_GET_FS = 0x1003, kARCH_GET_GS = 0x1004;

Result<void> sleep(UserPtr<const TimeSpec> request) {
    const TimeSpec time = TRY(read_user(request));
    if (time.seconds < 0 || time.nanoseconds < 0 ||
        time.nanoseconds >= static_cast<int64_t>(kNanosecondsPerSecond))
        return Errno::kEINVAL;
    // Some 30 years: far from an overflow, longer than any boot.
    const uint64_t seconds = std::min<uint64_t>(static_cast<uint64_t>(time.seconds), 1'000'000'000);
    const uint64_t tick_length = kNanosecondsPerSecond / timer_hz();
    const uint64_t part = (static_cast<uint64_t>(time.nanoseconds) + tick_length - 1) / tick_length;
    if (seconds == 0 && part == 0) return {};
    // One more: the tick under way does not count.
    return sleep_until(timer_ticks() + seconds * timer_hz() + part + 1);
}

Result<void> arch_prctl(uint64_t command, uint64_t address) {
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
            return {};
        case kARCH_GET_FS:
            return write_user(UserPtr<uint64_t>{address}, task.user_state.fs_base);
        case kARCH_GET_GS:
            return write_user(UserPtr<uint64_t>{address}, task.user_state.gs_base);
        default:
            return Errno::kEINVAL;
    }
}

}  // namespace

int64_t sys_nanosleep(uint64_t request, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(sleep({request}));
}

int64_t sys_clock_gettime(uint64_t clock, uint64_t result, uint64_t, uint64_t, uint64_t, uint64_t) {
    // CLOCK_REALTIME, CLOCK_MONOTONIC and their kin all count from boot: there is no real-time clock.
    if (clock > 7) return to_return(Errno::kEINVAL);
    const uint64_t now = monotonic_nanoseconds();
    return to_return(
        write_user(UserPtr<TimeSpec>{result}, {static_cast<int64_t>(now / kNanosecondsPerSecond),
                                               static_cast<int64_t>(now % kNanosecondsPerSecond)}));
}

int64_t sys_uname(uint64_t result, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    SystemName name{};
    copy_string(name.sysname, "Trapline");
    copy_string(name.nodename, "trapline");
    // Programs built for Linux look at the release and refuse an old one.
    copy_string(name.release, "6.1.0-trapline");
    copy_string(name.version, "teaching kernel");
    copy_string(name.machine, "x86_64");
    return to_return(write_user(UserPtr<SystemName>{result}, name));
}

int64_t sys_arch_prctl(uint64_t command, uint64_t address, uint64_t, uint64_t, uint64_t, uint64_t) {
    return to_return(arch_prctl(command, address));
}
