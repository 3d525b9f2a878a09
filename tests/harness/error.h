/// @file
/// What can go wrong in a test that is not the kernel's fault, and what a wait that ends without success
/// says.
#pragma once

#include <stdexcept>
#include <string>

namespace harness {

/// The test could not be carried out: no QEMU, a missing file, a disk that is full, a QEMU that died or
/// stopped answering. Never a verdict on the kernel.
class InfrastructureError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// QEMU closed a connection, as it does when the guest switches the machine off.
class QemuGone : public InfrastructureError {
  public:
    using InfrastructureError::InfrastructureError;
};

/// QEMU understood a request and refused it, for example a read of unmapped memory.
class RequestRefused : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Why a wait gave up.
enum class TimeoutReason {
    kNoProgress,    ///< nothing new on the serial line within the limit
    kOverallLimit,  ///< the guest kept talking, but not about what was awaited
    kGuestStopped,  ///< the virtual machine is paused and nobody is going to resume it
    kGuestHalted,   ///< every processor sits in HLT with interrupts off
    kQemuExited,    ///< QEMU ended before it happened
    kSerialFlood,   ///< more serial output than the machine's cap
    kNoStop,        ///< no breakpoint, watchpoint or step was reported to the debugger
};

/// One sentence for people.
std::string describe(TimeoutReason reason);

/// A wait that ended without what was awaited. what() holds the reason and the last lines of serial output.
class Timeout : public std::runtime_error {
  public:
    Timeout(TimeoutReason reason, const std::string& awaited, std::string tail);

    TimeoutReason reason() const { return reason_; }
    /// The last lines of serial output, made printable.
    const std::string& tail() const { return tail_; }

  private:
    TimeoutReason reason_;
    std::string tail_;
};

/// Throws InfrastructureError with `what` and the text of the current `errno`.
[[noreturn]] void throw_errno(const std::string& what);

}  // namespace harness
