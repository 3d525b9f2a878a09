/// @file
/// Texts of the harness's errors.
#include <tests/harness/error.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace harness {

std::string describe(TimeoutReason reason) {
    switch (reason) {
        case TimeoutReason::kNoProgress:
            return "no new serial output within the limit";
        case TimeoutReason::kOverallLimit:
            return "the guest kept printing until the overall limit";
        case TimeoutReason::kGuestStopped:
            return "the guest is stopped";
        case TimeoutReason::kGuestHalted:
            return "every processor is halted with interrupts off";
        case TimeoutReason::kQemuExited:
            return "QEMU exited";
        case TimeoutReason::kSerialFlood:
            return "the guest flooded the serial line beyond its cap";
        case TimeoutReason::kNoStop:
            return "the guest did not stop for the debugger";
    }
    return "unknown reason";
}

Timeout::Timeout(TimeoutReason reason, const std::string& awaited, std::string tail)
    : std::runtime_error(fmt::format("gave up waiting for {}: {}\n--- last serial output ---\n{}", awaited,
                                     describe(reason), tail.empty() ? "(none)" : tail)),
      reason_(reason),
      tail_(std::move(tail)) {}

void throw_errno(const std::string& what) {
    throw InfrastructureError(fmt::format("{}: {}", what, std::strerror(errno)));
}

}  // namespace harness
