/// @file
/// Stops, injects, and follows what comes of it.
#include <tests/system/injection.h>

#include <fmt/format.h>

#include <sstream>

#include <tests/harness/error.h>
#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/states.h>

using harness::Duration;
using harness::GdbStub;
using harness::Registers;

namespace {

constexpr unsigned kNmiVector = InterruptSource::kNmiVector;
constexpr unsigned kTimerVector = InterruptSource::kTimerVector;
constexpr uint64_t kIf = 1 << 9;
constexpr unsigned kDebugVector = 1;
constexpr unsigned kPageFaultVector = 14;
constexpr uint64_t kArithmetic = 0x8d5;
/// How long the guest may run without any stop.
constexpr Duration kLimit(3000);
/// How many entries of handlers to look at after an injection: that of the injected interrupt, which comes as
/// soon as it may, and of exceptions before it.
constexpr int kHandlers = 4;
/// How many cycles the first process may make before a point counts as never reached.
constexpr int kMaximumCycles = 3;
/// How often a point is tried at which the NMI comes late because of a tick in the same moment.
constexpr int kMaximumTries = 3;
constexpr uint64_t injected_vector(Injection kind) {
    return kind == Injection::kNmi ? kNmiVector : kTimerVector;
}

}  // namespace

Injector::Injector(harness::MachineOptions options, const std::string& programs)
    : options_(std::move(options)),
      program_symbols_(built_file(programs, "programs/tests/inject")),
      source_(options_) {
    boot();
}

void Injector::boot() {
    machine_.reset();
    machine_ = std::make_unique<harness::Machine>(options_);
    source_.attach(*machine_);
    nmis_ = 0;
    injected_ = false;
    dead_ = false;
    ShellSession shell(*machine_);
    shell.start("/tests/inject forever");
    gdb();
    record_undisturbed();
}

void Injector::record_undisturbed() {
    constexpr int kLooks = 12;
    undisturbed_.clear();
    now_ = gdb().regs();
    stop_at({program("inject_checked")});
    for (int looks = 0; looks < kLooks;) {
        if (!next_stop()) throw harness::InfrastructureError("/tests/inject does not run");
        // Other programs have code at the same address, but no such base.
        if (now_.gs_base != program("inject_gs_word")) continue;
        ++looks;
        const auto [known, is_new] = undisturbed_.emplace(now_.cr3, checkpoint(now_));
        if (!is_new && known->second != checkpoint(now_))
            throw harness::InfrastructureError("/tests/inject differs from round to round");
    }
    if (undisturbed_.size() != 2) throw harness::InfrastructureError("/tests/inject is not two processes");
}

Injector::Checkpoint Injector::checkpoint(const Registers& registers) {
    return {.rsp = registers.rsp,
            .fs_base = registers.fs_base,
            .gs_base = registers.gs_base,
            .kernel_gs_base = registers.k_gs_base,
            .cs = registers.cs,
            .ss = registers.ss,
            .rflags = registers.rflags & ~kArithmetic};
}

std::string Injector::format(const Checkpoint& at) {
    return fmt::format("RSP {:#x} FS {:#x} GS {:#x} KERNEL_GS {:#x} CS {:#x} SS {:#x} RFLAGS {:#x}", at.rsp,
                       at.fs_base, at.gs_base, at.kernel_gs_base, at.cs, at.ss, at.rflags);
}

void Injector::stop_at(const std::set<uint64_t>& addresses) {
    gdb().remove_all();
    for (const uint64_t address : addresses) gdb().insert_breakpoint(address);
    breakpoints_ = addresses;
}

/// Lets the guest run to the next stop; false when there is none, and the guest is stopped all the same. From
/// a breakpoint by a step at first, or QEMU would report the same one for ever; but a step would hold back
/// what was just injected.
bool Injector::next_stop() {
    if (!injected_ && breakpoints_.contains(now_.rip) && gdb().step().exited) return false;
    injected_ = false;
    gdb().resume();
    try {
        if (gdb().wait_stop(kLimit).exited) return false;
    } catch (const harness::Timeout&) {
        gdb().interrupt();
        return false;
    }
    now_ = gdb().regs();
    return true;
}

/// Runs to `address`; false when the guest comes to `end` before, or the processes have made some cycles.
bool Injector::go_to(uint64_t address, std::optional<uint64_t> end) {
    if (now_.rip == address) return true;
    std::set<uint64_t> stops = {address, program("inject_cycle")};
    if (end) stops.insert(*end);
    stop_at(stops);
    for (int cycles = 0; cycles < kMaximumCycles; ++cycles) {
        if (!next_stop() || now_.rip == end) return false;
        if (now_.rip == address) return true;
    }
    return false;
}

Injector::Begin Injector::at(uint64_t address, std::function<bool(const Registers&)> wanted) {
    return [this, address, wanted = std::move(wanted)] {
        const uint64_t cycle = program("inject_cycle");
        stop_at({address, cycle});
        for (int cycles = 0; cycles < kMaximumCycles;) {
            if (!next_stop()) return false;
            if (now_.rip == address && wanted(now_)) return true;
            if (now_.rip == cycle) ++cycles;
        }
        return false;
    };
}

Injector::Begin Injector::at_in_program(uint64_t address) {
    return at(address, [this](const Registers& registers) { return is_program(registers.cr3); });
}

void Injector::raise_nmi() {
    source_.raise_nmi();
    injected_ = true;
    ++nmis_;
}

void Injector::raise_timer() {
    source_.raise_timer();
    injected_ = true;
}

InjectionResult Injector::inject(const std::string& path, const Begin& begin,
                                 const std::vector<CodeLine>& points, Injection kind, bool held) {
    InjectionResult result;
    for (const CodeLine& point : points) {
        const std::string where =
            fmt::format("{}: {} {} {}", path, machine_->symbols().describe(point.address), point.mnemonic,
                        point.operands);
        std::string violation;
        bool came = false;
        for (int tries = 0; tries == 0 || (late_ && !violation.empty() && tries < kMaximumTries); ++tries) {
            if (dead_) boot();
            late_ = false;
            came = begin() && go_to(point.address, held ? std::optional(now_.rip) : std::nullopt);
            if (!came) break;
            violation = inject_here(where, kind, held, result);
        }
        if (!came) {
            result.missed[point.address] = where;
            continue;
        }
        ++result.tried;
        if (violation.empty()) continue;
        result.violations.push_back(where + ": " + violation);
        dead_ = true;  // whatever it was, the next point starts afresh
    }
    return result;
}

/// The guest stands at a point: injects, and follows. Returns the violation, if any.
std::string Injector::inject_here(const std::string& where, Injection kind, bool held,
                                  InjectionResult& result) {
    const Registers before = now_;
    if (kind == Injection::kNmi) {
        raise_nmi();
    } else {
        if (kind == Injection::kForcedTimer) gdb().write_register("eflags", before.rflags | kIf);
        raise_timer();
        held = kind == Injection::kTimer && (before.rflags & kIf) == 0;
    }
    bool taken = false;
    const std::string violation = follow(kind, before.rip, taken);
    if (!violation.empty()) return violation;
    if (taken == held) return taken ? "taken, though it should be held" : "not taken at this boundary";
    if (taken)
        result.taken_at.push_back(where);
    else
        ++result.held;
    if (const uint64_t count = gdb().read_u64(kernel("nmi_count")); count != nmis_)
        return fmt::format("{} NMIs counted of {}", count, nmis_);
    return "";
}

/// Lets the guest run until both processes have come to the end of a round, and so checked themselves.
std::string Injector::follow(Injection kind, uint64_t point, bool& taken) {
    const uint64_t dispatch = kernel("interrupt_dispatch");
    const uint64_t checked = program("inject_checked");
    const std::set<uint64_t> panics = {kernel("panic"), kernel("panic_exception")};
    std::set<uint64_t> stops = panics;
    stops.insert({dispatch, checked});
    stop_at(stops);

    int handlers = 0;
    bool came = false;
    std::set<uint64_t> checked_processes;
    while (checked_processes.size() < undisturbed_.size()) {
        if (!next_stop()) return "the processes make no progress";
        std::string violation;
        if (panics.contains(now_.rip)) {
            const auto log = exceptions(machine_->int_log());
            return "panic" + (log.empty() ? "" : ", last " + harness::format_entry(log.back()));
        }
        if (now_.rip == dispatch) {
            const Handler handler = read_handler();
            came |= handler.vector == injected_vector(kind);
            if (handlers == 0 && handler.vector == kNmiVector && handler.rip != point)
                late_ = interrupt_waits();
            // Only the first: a later one may come there by chance.
            taken |= handlers == 0 && handler.vector == injected_vector(kind) && handler.rip == point;
            violation = check_gs(handler);
            // Devices' interrupts go before the timer's, and there may be many.
            if (handler.vector <= kTimerVector) ++handlers;
            if (taken || handlers == kHandlers) {
                stops.erase(dispatch);
                stop_at(stops);
            }
        } else if (now_.rip == checked && is_program(now_.cr3)) {
            violation = check_checkpoint();
            checked_processes.insert(now_.cr3);
        }
        if (!violation.empty()) return violation;
    }
    return came ? "" : "the interrupt is lost";
}

/// At the first instruction of the C++ code that handles interrupts.
Injector::Handler Injector::read_handler() {
    const uint64_t frame = now_.rdi;
    return {.vector = gdb().read_u64(frame + kernel("OFFSETOF_InterruptFrame_vector")),
            .rip = gdb().read_u64(frame + kernel("OFFSETOF_InterruptFrame_cs") - 8)};
}

/// True when the local APIC has an interrupt that it must keep for later. If it came between raising an NMI
/// and going on, QEMU 7.2 has looked after it first, and then executed up to the end of a block before it
/// delivered the NMI: it looks at one of several requests at a time, and one that leads to nothing does not
/// make it look again.
bool Injector::interrupt_waits() {
    std::istringstream lines(machine_->qmp().human_monitor_command("info lapic"));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("IRR")) return line.find("(none)") == std::string::npos;
    throw harness::InfrastructureError("QEMU does not show the local APIC");
}

std::string Injector::check_gs(const Handler& handler) {
    const harness::Symbol* region = machine_->symbols().find("boot_pcr");
    if (!region || now_.gs_base == region->value) return "";
    return fmt::format("the handler of vector {} runs with GS base {:#x}", handler.vector, now_.gs_base);
}

/// At the end of a round of one of the processes.
std::string Injector::check_checkpoint() {
    const auto known = undisturbed_.find(now_.cr3);
    if (const uint64_t bad = gdb().read_u64(program("inject_bad")); bad != 0)
        return fmt::format("a process found {} differences, the first in line {}", bad,
                           gdb().read_u64(program("inject_bad_line")));
    const Checkpoint now = checkpoint(now_);
    if (now == known->second) return "";
    return format(now) + " in ring 3, " + format(known->second) + " before";
}

std::vector<std::string> Injector::check_log() {
    std::vector<std::string> violations;
    const harness::IntLog log = machine_->int_log();
    if (const size_t delivered = log.with_vector(kNmiVector).size(); delivered != nmis_)
        violations.push_back(fmt::format("{} NMIs delivered of {}", delivered, nmis_));
    const harness::Symbol& copy = machine_->symbols().symbol("user_copy");
    for (const harness::IntEntry& entry : exceptions(log)) {
        const bool in_copy = entry.rip >= copy.value && entry.rip < copy.value + 16;
        if (entry.vector == kNmiVector) continue;
        if (entry.vector == kPageFaultVector && (entry.cpl == 3 || in_copy)) continue;
        if (entry.vector == kDebugVector && entry.cpl == 3) continue;
        violations.push_back(harness::format_entry(entry));
    }
    return violations;
}
