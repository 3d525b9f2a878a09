/// @file
/// Interrupts from outside, raised while the guest is stopped: it takes them, or holds them back, at exactly
/// the instruction where it stands.
#pragma once

#include <string>

#include <tests/harness/file_descriptor.h>
#include <tests/harness/machine.h>
#include <tests/harness/temp_folder.h>

/// A way into one machine after the other for interrupts. Throws harness::InfrastructureError when QEMU does
/// not take one.
class InterruptSource {
  public:
    /// The timer's vector in every state.
    static constexpr unsigned kTimerVector = 32;
    static constexpr unsigned kNmiVector = 2;

    /// Adds to `options` what the machine needs for it.
    explicit InterruptSource(harness::MachineOptions& options);

    /// From now on interrupts go to this machine, which was started with these options.
    void attach(harness::Machine& machine);

    /// The timer's interrupt, as a message to the local APIC of processor 0; held back while IF is 0.
    void raise_timer();
    /// A non-maskable interrupt.
    void raise_nmi() { machine_->qmp().inject_nmi(); }
    /// A key on the serial line, there at once: what is typed through the line's socket comes at some time or
    /// other.
    void press(char key);

  private:
    void command(const std::string& line);

    harness::TempFolder folder_;
    harness::Machine* machine_ = nullptr;
    harness::FileDescriptor qtest_;
};
