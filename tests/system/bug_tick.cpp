/// @file
/// Puts ticks at chosen instructions, as messages to the local APIC.
#include <tests/system/bug_tick.h>

#include <fmt/format.h>

#include <stdexcept>

#include <tests/harness/error.h>

using harness::Registers;

namespace {

constexpr unsigned kTimerVector = 32;
constexpr uint64_t kIf = 1 << 9;
/// Where a message interrupt is written to, and what it says: fixed delivery of a vector to processor 0
/// (Intel SDM 3A, 11.11).
constexpr uint64_t kMessageAddress = 0xfee00000;
constexpr harness::Duration kLimit(3000);
/// From the shell's first wait to the panic there are about seven switches.
constexpr int kMaximumStops = 40;
/// How often another tick may come in between, one of ten a second.
constexpr int kMaximumTries = 5;
constexpr char kFirstRead[] = "tty_wait_for_input";

}  // namespace

TickMachine::TickMachine(harness::MachineOptions options) {
    const std::string socket = folder_ / "qtest";
    options.extra.insert(options.extra.end(),
                         {"-qtest", "unix:" + socket + ",server=on,wait=off", "-qtest-log", "none"});
    options.append = "hz=10";  // the slowest that the kernel takes
    options.start_paused = true;
    machine_ = std::make_unique<harness::Machine>(options);
    qtest_ = harness::connect_unix(socket);
    gdb().run_to(machine_->symbols().value(kFirstRead));
    init_ = find_task(machine(), "init").value();
    shell_ = find_task(machine(), "sh").value();
    first_ticks_ = count_ticks();
}

uint64_t TickMachine::count_ticks() {
    return machine_->int_log().with_vector(kTimerVector).size();
}

bool TickMachine::undisturbed() {
    return count_ticks() == first_ticks_ + raised_;
}

void TickMachine::run_to(uint64_t address, const std::function<bool(const Registers&)>& wanted) {
    for (int stops = 0; stops < kMaximumStops; ++stops) {
        // Off a breakpoint's place; but a step would hold back what was just raised.
        if (!pending_ && gdb().regs().rip == address) gdb().step();
        pending_ = false;
        gdb().run_to(address, kLimit);
        if (const Registers registers = gdb().regs(); registers.rip == address && wanted(registers)) return;
    }
    throw std::runtime_error(fmt::format("the guest does not come to {:#x} as it should", address));
}

void TickMachine::raise() {
    harness::write_all(qtest_, fmt::format("writel {:#x} {:#x}\n", kMessageAddress, kTimerVector), kLimit);
    std::string answer;
    while (answer.find('\n') == std::string::npos)
        if (!harness::wait_readable(qtest_, kLimit) || !harness::read_available(qtest_, answer))
            throw harness::InfrastructureError("QEMU does not take the message interrupt");
    ++raised_;
    pending_ = true;
}

void TickMachine::go_to_window() {
    run_to(machine_->symbols().value("switch_context"), [this](const Registers& registers) {
        return registers.cr3 == shell_.cr3 && (registers.rflags & kIf) != 0 &&
               kernel_value(machine(), "CURRENT_KERNEL_STACK") == init_.kstack_top;
    });
}

void TickMachine::go_to_stale_return() {
    run_to(kInitReturn, [this](const Registers& registers) {
        return registers.cr3 == init_.cr3 && registers.cpl() == 3 &&
               kernel_value(machine(), "CURRENT_KERNEL_STACK") == shell_.kstack_top;
    });
}

TickRun run_with_ticks(const harness::MachineOptions& options, const std::function<void(TickMachine&)>& act) {
    for (int tries = 0; tries < kMaximumTries; ++tries) {
        auto ticks = std::make_unique<TickMachine>(options);
        try {
            act(*ticks);
        } catch (const std::runtime_error&) {
            if (ticks->undisturbed()) throw;
            continue;
        }
        ticks->gdb().resume();
        const BugRun run = run_to_panic(ticks->machine());
        if (ticks->undisturbed()) return {std::move(ticks), run};
    }
    throw harness::InfrastructureError("each time another tick came in between");
}
