/// @file
/// Renders a machine's state for people.
#include <tests/harness/report.h>
#include <tests/harness/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>

namespace harness {

namespace {

constexpr size_t kSerialLines = 25;
constexpr size_t kLastExceptions = 5;
constexpr size_t kBytesAtRip = 16;
constexpr size_t kBacktraceDepth = 12;

/// `part`'s text under a heading; when it throws, the reason.
std::string section(const char* title, const std::function<std::string()>& part) {
    std::string text;
    try {
        text = part();
    } catch (const std::exception& error) {
        text = fmt::format("(not available: {})", error.what());
    }
    if (!text.ends_with('\n')) text += '\n';
    return fmt::format("--- {} ---\n{}", title, text);
}

std::string symbol_at(Machine& machine, uint64_t address) {
    try {
        return machine.symbols().describe(address);
    } catch (const std::exception&) {
        return "no symbols";
    }
}

std::string bytes_at(GdbStub& gdb, uint64_t address) {
    try {
        std::string text;
        for (uint8_t byte : gdb.read(address, kBytesAtRip)) text += fmt::format(" {:02x}", byte);
        return text;
    } catch (const RequestRefused&) {
        return " not mapped";
    }
}

/// The return addresses along the chain of frame pointers, innermost first.
std::string backtrace(Machine& machine, GdbStub& gdb, uint64_t frame) {
    std::string text;
    try {
        for (size_t depth = 0; depth < kBacktraceDepth && frame != 0; ++depth) {
            const uint64_t caller = gdb.read_u64(frame);
            const uint64_t address = gdb.read_u64(frame + 8);
            // One less, because a call that never returns may be its function's last instruction.
            text += fmt::format("  called from {:016x} {}\n", address, symbol_at(machine, address - 1));
            if (caller <= frame) break;  // stacks grow down: this chain is broken or at its end
            frame = caller;
        }
    } catch (const RequestRefused&) {
        text += fmt::format("  (no memory at frame {:016x})\n", frame);
    }
    return text;
}

std::string processors(Machine& machine) {
    if (!machine.running()) return describe(machine.wait_exit());
    GdbStub& gdb = machine.gdb();
    if (gdb.running()) gdb.interrupt();
    std::string text;
    for (unsigned cpu = 0; cpu < gdb.cpu_count(); ++cpu) {
        gdb.select_cpu(cpu);
        const Registers registers = gdb.regs();
        text += fmt::format("CPU {}, ring {}, at {}, bytes:{}\n{}", cpu, registers.cpl(),
                            symbol_at(machine, registers.rip), bytes_at(gdb, registers.rip),
                            format_registers(registers));
        text += backtrace(machine, gdb, registers.rbp);
    }
    return text;
}

std::string last_exceptions(Machine& machine) {
    const IntLog log = machine.int_log();
    const auto& entries = log.entries();
    std::string text = fmt::format("{} deliveries, {} triple faults\n", entries.size(), log.triple_faults());
    const size_t count = std::min(entries.size(), kLastExceptions);
    for (size_t i = entries.size() - count; i < entries.size(); ++i) {
        text += fmt::format("{} ({})\n", format_entry(entries[i]), symbol_at(machine, entries[i].rip));
    }
    return text;
}

std::string serial_tail(Machine& machine) {
    std::string text = printable_tail(machine.serial(), kSerialLines);
    if (machine.serial_dropped() > 0) text += fmt::format("\n({} bytes dropped)", machine.serial_dropped());
    return text;
}

std::string reproduction(Machine& machine) {
    std::string text = machine.reproduction();
    if (machine.serial_typed() > 0)
        text += fmt::format("\n(the test typed {} bytes)", machine.serial_typed());
    return text;
}

}  // namespace

std::string machine_state(Machine& machine) {
    return section("processors", [&] { return processors(machine); }) +
           section("last exceptions and interrupts", [&] { return last_exceptions(machine); });
}

std::string failure_report(Machine& machine) {
    return "\n" + machine_state(machine) +
           section("last serial output", [&] { return serial_tail(machine); }) +
           section("to run this again", [&] { return reproduction(machine); });
}

}  // namespace harness
