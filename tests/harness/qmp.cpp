/// @file
/// The QEMU Machine Protocol: one JSON object a line.
#include <tests/harness/error.h>
#include <tests/harness/qmp.h>

#include <fmt/format.h>

#include <utility>

namespace harness {

namespace {

/// QEMU answers within a millisecond or so; this only ends the wait for one that hangs.
Duration reply_limit() {
    return std::chrono::duration_cast<Duration>(std::chrono::seconds(30) * time_scale());
}

}  // namespace

Qmp::Qmp(FileDescriptor connection) : connection_(std::move(connection)) {
    const Json greeting = next_message();
    if (!greeting.contains("QMP")) {
        throw InfrastructureError("QEMU did not greet on its control channel: " + greeting.dump());
    }
    execute("qmp_capabilities");
}

std::optional<Qmp::Json> Qmp::buffered_message() {
    const size_t end = buffer_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    const std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    Json message = Json::parse(line, nullptr, false);
    if (!message.is_object()) throw InfrastructureError("QEMU's control channel sent: " + line);
    return message;
}

Qmp::Json Qmp::next_message() {
    for (;;) {
        if (auto message = buffered_message()) return *message;
        if (closed_) throw QemuGone("QEMU closed its control channel");
        if (!wait_readable(connection_, reply_limit())) {
            throw InfrastructureError("QEMU does not answer on its control channel");
        }
        closed_ = !read_available(connection_, buffer_);
    }
}

Qmp::Json Qmp::execute(const std::string& command, const Json& arguments) {
    const Json request = {{"execute", command}, {"arguments", arguments}};
    write_all(connection_, request.dump() + "\n", reply_limit());
    for (;;) {
        Json message = next_message();
        if (message.contains("event")) {
            events_.push_back(std::move(message));
        } else if (message.contains("return")) {
            return message["return"];
        } else if (message.contains("error")) {
            throw RequestRefused(fmt::format("QEMU refused {}: {}", command,
                                             message["error"].value("desc", "no description")));
        }
    }
}

std::string Qmp::human_monitor_command(const std::string& command_line) {
    return execute("human-monitor-command", {{"command-line", command_line}}).get<std::string>();
}

std::string Qmp::status() {
    return execute("query-status").value("status", "unknown");
}

const std::vector<Qmp::Json>& Qmp::events() {
    if (!closed_) closed_ = !read_available(connection_, buffer_);
    while (auto message = buffered_message()) {
        if (message->contains("event")) events_.push_back(std::move(*message));
    }
    return events_;
}

std::optional<std::string> Qmp::shutdown_reason() {
    for (const Json& event : events()) {
        if (event.value("event", "") == "SHUTDOWN") {
            return event.value("data", Json::object()).value("reason", "unknown");
        }
    }
    return std::nullopt;
}

}  // namespace harness
