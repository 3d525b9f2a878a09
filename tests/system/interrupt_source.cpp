/// @file
/// Writes to the machine's devices through QEMU's test channel.
#include <tests/system/interrupt_source.h>

#include <fmt/format.h>

#include <tests/harness/error.h>

namespace {

constexpr harness::Duration kLimit(3000);
/// Where a message interrupt is written to; what is written says fixed delivery of a vector to processor 0
/// (Intel SDM 3A, 10.11).
constexpr uint64_t kMessageAddress = 0xfee00000;
/// The 16550's transmitter and its modem control: in its loop-back mode what is sent comes in again.
constexpr unsigned kSerialData = 0x3f8;
constexpr unsigned kSerialModemControl = 0x3fc;
constexpr unsigned kLoopBack = 0x1b;
constexpr unsigned kNormal = 0x0b;

}  // namespace

InterruptSource::InterruptSource(harness::MachineOptions& options) {
    const std::string socket = folder_ / "qtest";
    options.extra.insert(options.extra.end(),
                         {"-qtest", "unix:" + socket + ",server=on,wait=off", "-qtest-log", "none"});
}

void InterruptSource::attach(harness::Machine& machine) {
    machine_ = &machine;
    qtest_ = harness::connect_unix(folder_ / "qtest");
}

void InterruptSource::raise_timer() {
    command(fmt::format("writel {:#x} {:#x}\n", kMessageAddress, kTimerVector));
}

void InterruptSource::press(char key) {
    command(fmt::format("outb {:#x} {:#x}\n", kSerialModemControl, kLoopBack));
    command(fmt::format("outb {:#x} {:#x}\n", kSerialData, static_cast<unsigned char>(key)));
    command(fmt::format("outb {:#x} {:#x}\n", kSerialModemControl, kNormal));
}

void InterruptSource::command(const std::string& line) {
    harness::write_all(qtest_, line, kLimit);
    std::string answer;
    while (answer.find('\n') == std::string::npos)
        if (!harness::wait_readable(qtest_, kLimit) || !harness::read_available(qtest_, answer))
            throw harness::InfrastructureError("QEMU does not take an interrupt from outside");
}
