/// @file
/// Puts ticks at chosen instructions, as messages to the local APIC.
#include <tests/system/bug_tick.h>

#include <fmt/format.h>

#include <stdexcept>

#include <tests/harness/error.h>

using harness::Registers;

namespace {

constexpr unsigned kTimerVector = InterruptSource::kTimerVector;
constexpr uint64_t kIf = 1 << 9;
constexpr harness::Duration kLimit(3000);
/// From the shell's first wait to the panic there are about seven switches.
constexpr int kMaximumStops = 40;
/// How often another tick may come in between, one of ten a second.
constexpr int kMaximumTries = 5;
constexpr char kFirstRead[] = "tty_wait_for_input";

}  // namespace

TickMachine::TickMachine(harness::MachineOptions options) : source_(options) {
    options.append = "hz=10";  // the slowest that the kernel takes
    options.start_paused = true;
    machine_ = std::make_unique<harness::Machine>(options);
    source_.attach(*machine_);
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
    source_.raise_timer();
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
