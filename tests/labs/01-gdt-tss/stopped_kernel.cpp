/// @file
/// Breakpoints, and two ways in which a kernel may fail to get to them.
#include <tests/labs/01-gdt-tss/stopped_kernel.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include <tests/harness/text.h>

namespace {

/// How long the guest may take from one place to the next.
constexpr harness::Duration kPatience(2'500);
constexpr size_t kLastLines = 12;

bool is_one_of(std::initializer_list<uint64_t> places, uint64_t address) {
    return std::find(places.begin(), places.end(), address) != places.end();
}

}  // namespace

void StoppedKernelTest::start_kernel(const std::string& command_line) {
    harness::MachineOptions with = options(command_line);
    with.start_paused = true;
    start(with);
    machine().gdb();
    run_to("kernel_main");
}

void StoppedKernelTest::start_with_programs(const std::vector<grader::Program>& programs,
                                            std::optional<int> icount_shift) {
    grader::BootModule module;
    for (size_t i = 0; i < programs.size(); ++i) module.add("ring3/" + program_name(i), programs[i].image());
    harness::MachineOptions with = options();
    with.initrd = module.write();
    with.icount_shift = icount_shift;
    with.start_paused = true;
    start(with);
    machine().gdb();
    run_to("kernel_main");
}

std::string StoppedKernelTest::program_name(size_t index) const {
    return fmt::format("p{}-{:08x}", index, grader::nonce() & 0xffffffff);
}

std::optional<uint64_t> StoppedKernelTest::run_to_first(std::initializer_list<uint64_t> places) {
    harness::GdbStub& gdb = machine().gdb();
    // QEMU would report the place where the guest stands for ever.
    if (is_one_of(places, gdb.regs().rip) && gdb.step().exited) return std::nullopt;
    for (const uint64_t place : places) gdb.insert_breakpoint(place);
    if (!is_one_of(places, gdb.regs().rip)) {
        gdb.resume();
        if (gdb.wait_stop(kPatience).exited) return std::nullopt;
    }
    for (const uint64_t place : places) gdb.remove_breakpoint(place);
    return gdb.regs().rip;
}

harness::Registers StoppedKernelTest::run_to(uint64_t place, const std::string& what) {
    const uint64_t panic = symbol("finish_panic");
    std::optional<uint64_t> stop;
    try {
        stop = run_to_first({place, panic});
    } catch (const harness::Timeout&) {
        throw std::runtime_error(fmt::format("The kernel never gets to {}.", what));
    }
    if (!stop) throw std::runtime_error(fmt::format("The kernel never gets to {}.", what));
    if (*stop == panic)
        throw std::runtime_error(fmt::format("The kernel never gets to {}: it gives up and prints\n{}", what,
                                             harness::printable_tail(machine().serial(), kLastLines)));
    if (*stop != place) throw std::runtime_error(fmt::format("The kernel never gets to {}.", what));
    return machine().gdb().regs();
}

harness::Registers StoppedKernelTest::run_to(const std::string& name) {
    return run_to(symbol(name), name + "()");
}

void StoppedKernelTest::expect_equal(const std::string& what, uint64_t found, uint64_t expected) {
    if (found != expected) ADD_FAILURE() << fmt::format("{} is {:#x}, not {:#x}.", what, found, expected);
}

void StoppedKernelTest::require_equal(const std::string& what, uint64_t found, uint64_t expected) {
    if (found != expected)
        throw std::runtime_error(fmt::format("{} is {:#x}, not {:#x}.", what, found, expected));
}

TaskView StoppedKernelTest::task_of_address_space() {
    const uint64_t cr3 = machine().gdb().regs().cr3;
    for (TaskView& task : read_tasks(machine()))
        if (task.pid > 0 && task.cr3 == cr3) return std::move(task);
    throw std::runtime_error(fmt::format("No program has the address space in use, CR3={:#x}.", cr3));
}

std::vector<harness::IntEntry> StoppedKernelTest::exceptions_in_ring3() {
    std::vector<harness::IntEntry> result;
    for (const harness::IntEntry& entry : exceptions(machine().int_log()))
        if (entry.cpl == 3) result.push_back(entry);
    return result;
}

std::optional<harness::IntEntry> StoppedKernelTest::fatal_exception() {
    std::optional<harness::IntEntry> last;
    for (const harness::IntEntry& entry : exceptions_in_ring3())
        if (entry.vector != 14) last = entry;
    return last;
}
