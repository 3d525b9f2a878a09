/// @file
/// Starts, watches and ends one QEMU.
#include <tests/harness/machine.h>
#include <tests/harness/text.h>

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace harness {

namespace {

constexpr size_t kTailLines = 25;
/// How often a silent guest is looked at.
constexpr Duration kPollInterval(50);
/// For reading what QEMU wrote before its end: it is there, but on a busy machine nobody has read it yet.
constexpr Duration kLastWords(10'000);
constexpr Duration kLookInterval(250);

std::string failure_of(const Process& process, const std::string& what) {
    return fmt::format("{}; QEMU said: {}", what, process.output().empty() ? "(nothing)" : process.output());
}

/// True when "info registers -a" shows every processor in HLT with interrupts off.
bool all_halted(const std::string& registers) {
    size_t cpus = 0;
    size_t halted = 0;
    // Each processor's dump has "RFL=" or "EFL=" and, some words later, "HLT=".
    for (size_t at = registers.find("FL="); at != std::string::npos; at = registers.find("FL=", at + 1)) {
        constexpr uint64_t kInterruptFlag = 0x200;
        const bool interrupts =
            (std::strtoull(registers.c_str() + at + 3, nullptr, 16) & kInterruptFlag) != 0;
        const size_t halt = registers.find("HLT=", at);
        ++cpus;
        if (!interrupts && halt != std::string::npos && registers.compare(halt, 5, "HLT=1") == 0) ++halted;
    }
    return cpus > 0 && cpus == halted;
}

}  // namespace

std::string describe(const ExitStatus& status) {
    switch (status.kind) {
        case ExitStatus::Kind::kPowerOff:
            return "the guest powered off";
        case ExitStatus::Kind::kReset:
            return "the guest reset the machine";
        case ExitStatus::Kind::kTripleFault:
            return "the guest triple-faulted";
        case ExitStatus::Kind::kDebugExit:
            return fmt::format("the guest wrote {:#x} to the debug-exit port", status.code);
        case ExitStatus::Kind::kHostQuit:
            return "QEMU was told to quit";
        case ExitStatus::Kind::kKilled:
            return fmt::format("signal {} killed QEMU", status.code);
        case ExitStatus::Kind::kFailed:
            return fmt::format("QEMU failed with exit code {}", status.code);
    }
    return "unknown";
}

Machine::Machine(MachineOptions options) : options_(std::move(options)), files_(folder_.path()) {
    const FileDescriptor serial_listener = listen_unix(files_.serial);
    const FileDescriptor qmp_listener = listen_unix(files_.qmp);
    process_ = std::make_unique<Process>(
        ProcessOptions{.command = qemu_command(options_, files_), .output = files_.qemu_output});
    serial_ = std::make_unique<Serial>(accept_from_qemu(serial_listener), options_.serial_cap);
    try {
        // QEMU greets when the machine is complete. It waits for our word then: a guest that ends at once
        // can't be mistaken for a QEMU that did not start.
        qmp_ = std::make_unique<Qmp>(accept_from_qemu(qmp_listener));
        if (!options_.start_paused) qmp_->cont();
    } catch (const QemuGone&) {
        process_->wait_status(Duration(1000));
        throw InfrastructureError(failure_of(*process_, "QEMU ended at its start"));
    }
}

// Members go in reverse order: connections, then the process, then the folder.
Machine::~Machine() = default;

FileDescriptor Machine::accept_from_qemu(const FileDescriptor& listener) {
    constexpr Duration kSlice(20);
    ProgressTimer timer(process_->pid(), Duration(30'000));
    while (!timer.expired()) {
        FileDescriptor connection = accept_unix(listener, kSlice);
        if (connection.get() >= 0) return connection;
        if (process_->poll_status()) {
            throw InfrastructureError(failure_of(*process_, "QEMU ended at its start"));
        }
    }
    throw InfrastructureError(failure_of(*process_, "QEMU does not connect"));
}

void Machine::wait_until(const std::function<bool()>& done, const std::string& awaited, Duration limit) {
    const auto give_up = [&](TimeoutReason reason) {
        throw Timeout(reason, awaited, printable_tail(serial_->text(), kTailLines));
    };
    ProgressTimer timer(process_->pid(), limit);
    Duration next_look = kLookInterval;
    halted_state_.clear();
    for (size_t known = serial_->size();; serial_->wait_growth(known, kPollInterval)) {
        // In this order: what came before the end of QEMU still counts.
        const bool closed = serial_->closed();
        if (done()) return;
        if (serial_->dropped() > 0) give_up(TimeoutReason::kSerialFlood);
        if (closed && process_->wait_status(kPollInterval)) {
            if (done()) return;
            give_up(TimeoutReason::kQemuExited);
        }
        if (serial_->size() > known) {
            known = serial_->size();
            timer.progress();
            next_look = kLookInterval;
            halted_state_.clear();
        }
        if (const auto reason = timer.expired()) give_up(*reason);
        if (timer.silence() >= next_look) {
            next_look = timer.silence() + kLookInterval;
            if (const auto reason = stuck_reason()) give_up(*reason);
        }
    }
}

std::optional<TimeoutReason> Machine::stuck_reason() {
    try {
        if (qmp_->status() != "running") return TimeoutReason::kGuestStopped;
        // Twice the same, so that a processor which an NMI is about to wake is not taken for dead.
        const std::string registers = qmp_->human_monitor_command("info registers -a");
        const bool halted = all_halted(registers);
        if (halted && registers == halted_state_) return TimeoutReason::kGuestHalted;
        halted_state_ = halted ? registers : "";
    } catch (const QemuGone&) {
        // The caller sees the closed serial line.
    }
    return std::nullopt;
}

size_t Machine::wait_for(std::string_view text, size_t from, Duration limit) {
    return wait_for_any({std::string(text)}, from, limit).end;
}

SerialMatch Machine::wait_for_any(const std::vector<std::string>& texts, size_t from, Duration limit) {
    std::optional<SerialMatch> match;
    std::string awaited;
    size_t longest = 1;
    for (const std::string& text : texts) {
        awaited += fmt::format("{}'{}'", awaited.empty() ? "" : " or ", printable(text));
        longest = std::max(longest, text.size());
    }
    const auto found = [&] {
        const size_t size = serial_->size();
        match = serial_->find(texts, from);
        // Don't search the same bytes again, except those in which a match may have begun.
        if (!match && size > from + longest) from = size - longest;
        return match.has_value();
    };
    wait_until(found, awaited, limit);
    return *match;
}

ExitStatus Machine::wait_exit(Duration limit) {
    std::optional<int> status;
    wait_until(
        [&] {
            status = process_->poll_status();
            return status.has_value();
        },
        "the end of QEMU", limit);
    serial_->wait_closed(kLastWords);
    return classify(*status);
}

ExitStatus Machine::classify(int status) {
    using Kind = ExitStatus::Kind;
    if (WIFSIGNALED(status)) return {Kind::kKilled, WTERMSIG(status)};
    const int code = WEXITSTATUS(status);
    const std::string reason = qmp_->shutdown_reason().value_or("");
    if (reason == "guest-shutdown") return {Kind::kPowerOff, code};
    if (reason == "guest-reset") {
        return {int_log().triple_faults() > 0 ? Kind::kTripleFault : Kind::kReset, code};
    }
    if (reason.starts_with("host-")) return {Kind::kHostQuit, code};
    // isa-debug-exit ends QEMU with twice the value plus one, without an event. QEMU's own failures end with
    // 1, like a value of 0, but leave a message.
    if (reason.empty() && code % 2 == 1 && (code != 1 || qemu_output().empty())) {
        return {Kind::kDebugExit, code / 2};
    }
    return {Kind::kFailed, code};
}

GdbStub& Machine::gdb() {
    if (gdb_ && !gdb_->attached()) gdb_.reset();  // QEMU serves one connection at a time
    if (!gdb_) gdb_ = std::make_unique<GdbStub>(files_.gdb, process_->pid());
    return *gdb_;
}

const ElfSymbols& Machine::symbols() {
    if (!symbols_) symbols_ = std::make_unique<ElfSymbols>(options_.kernel);
    return *symbols_;
}

std::string Machine::reproduction() const {
    return shell_quote(reproduction_command(options_));
}

}  // namespace harness
