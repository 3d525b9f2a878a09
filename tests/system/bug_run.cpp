/// @file
/// Watches one boot and takes stock of what is left.
#include <tests/system/bug_run.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <stdexcept>

#include <tests/harness/gdb_packet.h>
#include <tests/harness/page_tables.h>
#include <tests/system/shell_session.h>
#include <tests/system/states.h>

using harness::Machine;
using harness::MachineOptions;

namespace {

constexpr int kInitPid = 1;
constexpr int kShellPid = 2;
constexpr unsigned kInvalidOpcode = 6;
/// The instruction in whose middle kInitReturn lies: a call through the global offset table, 3 bytes before
/// it.
constexpr uint8_t kShellCall[] = {0xff, 0x15, 0xfc, 0x1e, 0x00, 0x00};
constexpr uint64_t kIntoCall = 3;
/// What read() has on the stack for the bytes to come; a yield has nothing of that kind.
constexpr uint64_t kReadBuffer = 512;

double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

MachineOptions bug_options(const std::string& state, const std::string& command_line) {
    MachineOptions options = state_options(state);
    options.append = command_line;
    return options;
}

MachineOptions variant_options(const std::string& kernel, const std::string& programs,
                               const std::string& command_line) {
    const auto folder = [](const std::string& name) { return has_state(name) ? name : "variants/" + name; };
    MachineOptions options;
    options.kernel = built_file(folder(kernel), "trapline.elf");
    options.initrd = built_file(folder(programs), "initramfs.cpio");
    options.append = command_line;
    return options;
}

const TaskView& BugRun::task(int pid) const {
    const auto found =
        std::find_if(tasks.begin(), tasks.end(), [pid](const TaskView& t) { return t.pid == pid; });
    if (found == tasks.end()) throw std::runtime_error(fmt::format("there is no task with pid {}", pid));
    return *found;
}

uint64_t kernel_value(Machine& machine, std::string_view symbol) {
    return machine.gdb().read_u64(machine.symbols().value(symbol));
}

BugRun run_to_panic(Machine& machine) {
    const size_t prompt = machine.wait_for(kPrompt);
    const auto start = std::chrono::steady_clock::now();
    // Nothing is typed, so whatever is printed now is the report: its text does not matter, only when it
    // begins.
    machine.wait_for("\n", prompt, kPanicLimit);
    BugRun run;
    run.milliseconds = milliseconds_since(start);
    wait_for_halt(machine);

    if (machine.gdb().running()) machine.gdb().interrupt();
    run.registers = machine.gdb().regs();
    run.tasks = read_tasks(machine);
    run.stack_owner = task_of_stack(machine, run.registers.rsp);
    run.switches = kernel_value(machine, "context_switch_count");
    run.kernel_ticks = kernel_value(machine, "user_task_kernel_ticks");
    run.entry_stack = kernel_value(machine, "CURRENT_KERNEL_STACK");
    const auto delivered = exceptions(machine.int_log());
    if (!delivered.empty()) run.fault = delivered.back();
    return run;
}

std::vector<uint8_t> read_under(Machine& machine, uint64_t cr3, uint64_t address, size_t size) {
    harness::PageTables tables(machine.gdb(), cr3);
    std::vector<uint8_t> bytes;
    for (uint64_t at = address; at != address + size; ++at) {
        const auto mapping = tables.lookup(at);
        if (!mapping) return {};
        bytes.push_back(machine.gdb().read_physical(mapping->phys + (at - mapping->virt), 1)[0]);
    }
    return bytes;
}

uint64_t saved_depth(Machine& machine, const TaskView& task) {
    return task.kstack_top -
           machine.gdb().read_u64(task.address + machine.symbols().value("OFFSETOF_Task_rsp"));
}

bool was_called_by(Machine& machine, const BugRun& run, const std::string& name) {
    harness::GdbStub& gdb = machine.gdb();
    const TaskView owner = run.stack_owner.value();
    for (uint64_t frame = run.registers.rbp; frame != 0 && frame < owner.kstack_top - 8;) {
        const harness::Symbol* function = machine.symbols().covering(gdb.read_u64(frame + 8) - 1);
        if (function && harness::without_arguments(function->demangled) == name) return true;
        const uint64_t caller = gdb.read_u64(frame);
        if (caller <= frame) break;
        frame = caller;
    }
    return false;
}

std::string differs_from_story(Machine& machine, const BugRun& run) {
    if (!run.fault) return "no exception was delivered";
    const harness::IntEntry& fault = *run.fault;
    const std::string what = harness::format_entry(fault);
    if (fault.vector != kInvalidOpcode) return "not #UD: " + what;
    if (fault.rip != kInitReturn) return "not at 0x100b9: " + what;
    if (fault.cpl != 3) return "not in ring 3: " + what;

    const TaskView& shell = run.task(kShellPid);
    if (shell.name != "sh") return "pid 2 is " + shell.name;
    if (fault.cr3 != shell.cr3)
        return fmt::format("CR3 was {:#x}, the shell's is {:#x}", fault.cr3.value_or(0), shell.cr3);
    if (!run.stack_owner || run.stack_owner->pid != kShellPid)
        return fmt::format("the report stands on another stack than the shell's: RSP {:#x}",
                           run.registers.rsp);

    const std::vector<uint8_t> call =
        read_under(machine, shell.cr3, kInitReturn - kIntoCall, sizeof kShellCall);
    if (!std::equal(call.begin(), call.end(), std::begin(kShellCall), std::end(kShellCall)))
        return "the shell's bytes at 0x100b6 are " + harness::to_hex(call);
    if (saved_depth(machine, shell) > saved_depth(machine, run.task(kInitPid)) + kReadBuffer)
        return "a look-alike: the shell left its stack in its own read(), not in a yield of init's";
    return "";
}

void BugStatistics::add(const BugRun& run) {
    milliseconds_.push_back(run.milliseconds);
    switches_.push_back(run.switches);
}

double BugStatistics::percentile(int percent) const {
    if (milliseconds_.empty()) return 0;
    std::vector<double> sorted = milliseconds_;
    std::sort(sorted.begin(), sorted.end());
    const size_t rank = (sorted.size() * static_cast<size_t>(percent) + 99) / 100;
    return sorted[std::max<size_t>(rank, 1) - 1];
}

size_t BugStatistics::different_counts() const {
    return std::set<uint64_t>(switches_.begin(), switches_.end()).size();
}

std::string BugStatistics::describe() const {
    if (switches_.empty()) return "no run";
    const auto [least, most] = std::minmax_element(switches_.begin(), switches_.end());
    return fmt::format(
        "ms from prompt to panic: median {:.0f}, max {:.0f}; "
        "switches {} to {}, {} different",
        percentile(50), percentile(100), *least, *most, different_counts());
}
