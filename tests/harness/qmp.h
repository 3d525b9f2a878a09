/// @file
/// QEMU's control channel: commands, their answers, and the events that QEMU reports by itself.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

#include <tests/harness/file_descriptor.h>

namespace harness {

/// A QMP session. Not for use from two threads at once. Every call throws QemuGone when QEMU has closed the
/// channel, and InfrastructureError when it does not answer or answers nonsense.
class Qmp {
  public:
    using Json = nlohmann::json;

    /// Takes over a fresh connection and negotiates capabilities.
    explicit Qmp(FileDescriptor connection);

    /// Runs a command and gives the content of "return". Throws RequestRefused with QEMU's description when
    /// it answers with an error.
    Json execute(const std::string& command, const Json& arguments = Json::object());
    /// Runs a command of QEMU's human monitor, such as "info registers", and gives what it prints.
    std::string human_monitor_command(const std::string& command_line);

    /// Stops all processors.
    void stop() { execute("stop"); }
    /// Lets the processors run; unlike the debugger's resume it is not seen by an attached debugger.
    void cont() { execute("cont"); }
    /// Raises LINT1 of every processor's local APIC: an NMI where the guest has programmed it so, and nothing
    /// before.
    void inject_nmi() { execute("inject-nmi"); }
    /// QEMU's run state: "running", "paused", "prelaunch", "debug", "shutdown" and others.
    std::string status();

    /// All events so far, oldest first. Works after QEMU has gone, too.
    const std::vector<Json>& events();
    /// The "reason" of the SHUTDOWN event, such as "guest-shutdown" or "guest-reset", if there was one.
    std::optional<std::string> shutdown_reason();

  private:
    Json next_message();
    std::optional<Json> buffered_message();

    FileDescriptor connection_;
    std::string buffer_;
    std::vector<Json> events_;
    bool closed_ = false;
};

}  // namespace harness
