/// @file
/// A breakpoint at the call, and steps from there; nothing is assumed about the instructions.
#include <tests/labs/04-rflags/switches.h>

#include <fmt/format.h>

#include <stdexcept>

using harness::Duration;
using harness::Registers;

namespace {

/// How long a healthy kernel may take to the next switch, in time that QEMU could have used.
constexpr Duration kPatience(1500);
/// Switches between those that are looked for, and instructions of one: many times more than there are.
constexpr int kMaximumCalls = 60;
constexpr int kMaximumSteps = 150;
/// CR3 without the bits that are no address.
constexpr uint64_t kTableAddress = 0x000f'ffff'ffff'f000;

struct FlagName {
    uint64_t bits;
    const char* name;
};
constexpr FlagName kFlagNames[] = {{kTF, "TF"}, {kIF, "IF"}, {kDF, "DF"}, {kIOPL, "IOPL"},
                                   {kNT, "NT"}, {kAC, "AC"}, {kID, "ID"}};

struct Preserved {
    const char* name;
    uint64_t Registers::*member;
};
/// System V ABI, 3.2.1.
constexpr Preserved kPreserved[] = {{"RBX", &Registers::rbx}, {"RBP", &Registers::rbp},
                                    {"R12", &Registers::r12}, {"R13", &Registers::r13},
                                    {"R14", &Registers::r14}, {"R15", &Registers::r15}};

uint64_t Registers::*member_of(const std::string& name) {
    if (name == "eflags") return &Registers::rflags;
    for (const harness::RegisterField& field : harness::register_fields())
        if (field.name == name) return field.member;
    throw std::logic_error("no register " + name);
}

}  // namespace

std::string flag_names(uint64_t flags) {
    std::string text;
    for (const auto& [bits, name] : kFlagNames)
        if (flags & bits) text += (text.empty() ? "" : " ") + std::string(name);
    return text.empty() ? "none" : text;
}

harness::MachineOptions paused(harness::MachineOptions options) {
    options.start_paused = true;
    options.icount_shift = 3;
    return options;
}

SwitchWatch::SwitchWatch(harness::Machine& machine)
    : machine_(machine), gdb_(machine.gdb()), entry_(machine.symbols().value("switch_context")) {
    if (gdb_.running()) gdb_.interrupt();
}

void SwitchWatch::next_call() {
    if (gdb_.read_register("rip") == entry_) gdb_.step();
    gdb_.run_to(entry_, kPatience);
    const Registers registers = gdb_.regs();
    if (registers.rip != entry_)
        throw std::runtime_error(
            fmt::format("Stopped at {:#x} instead of a call of switch_context().", registers.rip));
    prev_ = registers.rdi;
    next_ = registers.rsi;
    departures_[prev_] = {registers, gdb_.read_u64(registers.rsp), {}};
}

void SwitchWatch::next_call_to_known() {
    for (int i = 0; i < kMaximumCalls; ++i) {
        next_call();
        if (knows(next_)) return;
    }
    throw std::runtime_error("No task comes back that has left before.");
}

void SwitchWatch::plant(const std::vector<std::pair<std::string, uint64_t>>& registers) {
    Departure& departure = departures_.at(prev_);
    for (const auto& [name, value] : registers) {
        departure.own.emplace_back(name, departure.registers.*member_of(name));
        departure.registers.*member_of(name) = value;
        gdb_.write_register(name, value);
    }
}

void SwitchWatch::give_back_own() {
    Departure& departure = departures_.at(next_);
    for (const auto& [name, value] : departure.own) gdb_.write_register(name, value);
    departure.own.clear();
}

bool SwitchWatch::step_to(uint64_t address, const std::function<void(const Registers&)>& look) {
    for (int i = 0; i < kMaximumSteps; ++i) {
        gdb_.step();
        const Registers now = gdb_.regs();
        look(now);
        if (now.rip == address) return true;
    }
    return false;
}

bool SwitchWatch::walk(const std::function<void(const Registers&)>& look) {
    if (!step_to(departures_.at(next_).return_address, look)) return false;
    give_back_own();
    return true;
}

Registers SwitchWatch::arrive() {
    Registers last;
    if (!walk([&last](const Registers& now) { last = now; }))
        throw std::runtime_error("The task that comes does not return to where it has called.");
    return last;
}

Registers SwitchWatch::arrive_at(const std::string& start) {
    Registers last;
    if (!step_to(machine_.symbols().value(start), [&last](const Registers& now) { last = now; }))
        throw std::runtime_error("The new task does not come to " + start + ", where it should start.");
    return last;
}

std::string SwitchWatch::difference(const Registers& now, uint64_t task, bool on_return) {
    const Departure& then = departures_.at(task);
    std::string text;
    const auto compare = [&text](const char* name, uint64_t value, uint64_t expected) {
        if (value != expected) text += fmt::format("{} is {:#x}, not {:#x}\n", name, value, expected);
    };
    compare("RSP", now.rsp, then.registers.rsp + (on_return ? 8 : 0));
    compare("CR3", now.cr3 & kTableAddress, member(task, "cr3"));
    for (const auto& [name, member] : kPreserved) compare(name, now.*member, then.registers.*member);
    return text;
}

bool SwitchWatch::is_ready_to_return(const Registers& now, uint64_t task) {
    return difference(now, task, false).empty();
}

uint64_t SwitchWatch::member(uint64_t task, const std::string& name) {
    return gdb_.read_u64(task + machine_.symbols().value("OFFSETOF_Task_" + name));
}
