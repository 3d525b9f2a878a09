/// @file
/// Looking at processors from outside.
#include <tests/labs/06-smp/smp_test_base.h>

#include <fmt/format.h>

#include <regex>
#include <stdexcept>

namespace {

constexpr uint64_t kUserCode = 0x33;
/// So often a breakpoint may be reached by somebody who is not meant.
constexpr int kMostStops = 50;

uint64_t hex_after(const std::string& text, const std::string& pattern) {
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(pattern)))
        throw harness::InfrastructureError("QEMU shows no " + pattern);
    return std::stoull(match[1], nullptr, 16);
}

/// Lets the guest go on until it stops, which it must within `limit`.
harness::Stop go_on(harness::GdbStub& gdb, harness::Duration limit) {
    gdb.resume();
    try {
        return gdb.wait_stop(limit);
    } catch (const harness::Timeout& error) {
        throw std::runtime_error(fmt::format("The programs did not come to their end: {}", error.what()));
    }
}

}  // namespace

harness::GdbStub& SmpTest::start_program(const grader::Program& program, int processors,
                                         const std::string& command_line, std::optional<int> icount_shift) {
    harness::MachineOptions options = this->options(command_line);
    module_ = grader::as_init(program);
    options.initrd = module_->write();
    options.icount_shift = icount_shift;
    options.cpus = processors;
    options.start_paused = true;
    return start(options).gdb();
}

harness::GdbStub& SmpTest::start_kernel(int processors, std::optional<int> icount_shift) {
    harness::MachineOptions options = this->options();
    options.cpus = processors;
    options.icount_shift = icount_shift;
    options.start_paused = true;
    return start(options).gdb();
}

void SmpTest::run_to_program(uint64_t address, harness::Duration limit) {
    harness::GdbStub& gdb = machine().gdb();
    gdb.insert_breakpoint(address);
    for (int stops = 0; stops < kMostStops; ++stops) {
        const harness::Stop stop = go_on(gdb, limit);
        if (stop.exited) throw harness::QemuGone("the machine ended");
        const harness::Registers registers = gdb.regs();
        if (registers.rip == address && registers.cs == kUserCode) {
            gdb.remove_breakpoint(address);
            return;
        }
        // The firmware may come by the same address.
        gdb.step();
    }
    throw std::runtime_error("The programs did not come to their end.");
}

unsigned SmpTest::run_to_kernel(const std::string& name, harness::Duration limit) {
    harness::GdbStub& gdb = machine().gdb();
    const harness::Stop stop = gdb.run_to(symbol(name), limit);
    if (stop.exited) throw harness::QemuGone("the machine ended");
    return stop.cpu;
}

std::vector<ProcessorView> SmpTest::read_processors() {
    const std::string all = machine().qmp().human_monitor_command("info registers -a");
    harness::GdbStub& gdb = machine().gdb();
    std::vector<ProcessorView> processors;
    for (size_t at = all.find("CPU#"); at != std::string::npos;) {
        const size_t next = all.find("CPU#", at + 1);
        const std::string text = all.substr(at, next == std::string::npos ? next : next - at);
        gdb.select_cpu(static_cast<unsigned>(processors.size()));
        processors.push_back({
            .registers = gdb.regs(),
            .tss = hex_after(text, "TR =\\S+ (\\S+)"),
            .gdt = hex_after(text, "GDT= +(\\S+)"),
            .idt = hex_after(text, "IDT= +(\\S+)"),
            .halted = hex_after(text, "HLT=(\\d)") == 1,
        });
        at = next;
    }
    return processors;
}

bool SmpTest::local_apic_is_enabled(unsigned number) {
    // The spurious interrupt vector register.
    const std::string apic = machine().qmp().human_monitor_command(fmt::format("info lapic {}", number));
    return (hex_after(apic, "SPIV\\s+(0x[0-9a-f]+)") & 1 << 8) != 0;
}

RegionView SmpTest::read_region(uint64_t address) {
    harness::GdbStub& gdb = machine().gdb();
    try {
        return {
            .self = gdb.read_u64(address),
            .current = gdb.read_u64(address + symbol("OFFSETOF_ProcessorControlRegion_current")),
            .number = gdb.read_u32(address + symbol("OFFSETOF_ProcessorControlRegion_cpu")),
        };
    } catch (const harness::RequestRefused&) {
        throw std::runtime_error(fmt::format("There is no memory at the GS base {:#x}.", address));
    }
}

uint64_t SmpTest::variable(const grader::Program& program, const std::string& name) {
    return machine().gdb().read_u64(program.address(name));
}

uint64_t SmpTest::online_address() {
    for (const harness::Symbol& each : machine().symbols().all())
        if (each.demangled == "(anonymous namespace)::online") return each.value;
    throw harness::InfrastructureError("processors.cpp has no `online` any more");
}
