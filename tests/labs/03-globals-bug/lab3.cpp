/// @file
/// Following chapter 3's kernels from outside.
#include <tests/labs/03-globals-bug/lab3.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include <tests/harness/error.h>
#include <tests/system/bug_run.h>
#include <tests/system/code_listing.h>
#include <tests/system/states.h>
#include <tests/system/syscall_probe.h>

using harness::GdbStub;
using harness::Machine;
using harness::MachineOptions;

namespace lab3 {

namespace {

constexpr uint8_t kCli = 0xfa;
constexpr uint8_t kNop = 0x90;
constexpr uint8_t kJmp = 0xe9;
constexpr size_t kJmpSize = 5;
/// A function that this run never calls: crash= is not on the command line.
constexpr char kUnusedCode[] = "crash_on_purpose";

/// `jmp to`, to be put at `from`.
std::vector<uint8_t> jump(uint64_t from, uint64_t to) {
    const uint64_t distance = to - (from + kJmpSize);
    std::vector<uint8_t> code{kJmp};
    for (int byte = 0; byte < 4; ++byte) code.push_back(static_cast<uint8_t>(distance >> 8 * byte));
    return code;
}

/// The length of the whole instructions at the start of a function that `jmp` takes the place of, and which
/// may be moved.
size_t movable_start(Machine& machine, uint64_t function) {
    constexpr uint64_t kReach = 64;
    for (const CodeLine& line : list_code(machine.options().kernel, function, function + kReach)) {
        if (line.address >= function + kJmpSize) return line.address - function;
        if (line.mnemonic[0] == 'j' || line.mnemonic.starts_with("call") ||
            line.operands.find("(%rip)") != std::string::npos)
            break;
    }
    throw harness::InfrastructureError("the beginning of schedule() can't be moved");
}

}  // namespace

MachineOptions checked_options(const std::string& command_line) {
    MachineOptions options = state_options(grader::state_under_test() + "+FRAME_CHECKS");
    options.append = command_line;
    return options;
}

TaskView task_with_pid(Machine& machine, int pid) {
    for (TaskView& task : read_tasks(machine))
        if (task.pid == pid) return std::move(task);
    throw std::runtime_error(fmt::format("There is no task with pid {}.", pid));
}

void go_to_kernel(Machine& machine) {
    machine.gdb().run_to(machine.symbols().value("kernel_main"));
}

uint64_t run_to_any(Machine& machine, const std::vector<uint64_t>& addresses) {
    GdbStub& gdb = machine.gdb();
    if (std::find(addresses.begin(), addresses.end(), gdb.regs().rip) != addresses.end()) gdb.step();
    for (const uint64_t address : addresses) gdb.insert_breakpoint(address);
    gdb.resume();
    const harness::Stop stop = gdb.wait_stop(kStopLimit);
    if (stop.exited) throw harness::QemuGone("QEMU ended");
    for (const uint64_t address : addresses) gdb.remove_breakpoint(address);
    return gdb.regs().rip;
}

void turn_interrupts_off_in_schedule(Machine& machine) {
    const uint64_t schedule = machine.symbols().value("schedule");
    const harness::Symbol& unused = machine.symbols().symbol(kUnusedCode);
    const size_t length = movable_start(machine, schedule);
    const auto start = machine.symbols().bytes_at(schedule, length);

    std::vector<uint8_t> moved{kCli};
    moved.insert(moved.end(), start.begin(), start.end());
    const auto back = jump(unused.value + moved.size(), schedule + length);
    moved.insert(moved.end(), back.begin(), back.end());
    if (unused.size < moved.size()) throw harness::InfrastructureError("no room for the moved code");

    std::vector<uint8_t> patch = jump(schedule, unused.value);
    patch.resize(length, kNop);
    machine.gdb().write(unused.value, moved);
    machine.gdb().write(schedule, patch);
}

void run_to_overwriting(Machine& machine, uint64_t slot, const TaskView& shell) {
    GdbStub& gdb = machine.gdb();
    gdb.insert_watchpoint(slot, 8);
    // init may be looking for ended children, which ends well; the yield after it is the one that counts.
    constexpr int kMaximumWrites = 3;
    for (int writes = 0; writes < kMaximumWrites && gdb.regs().rcx != kInitReturn; ++writes) {
        gdb.resume();
        if (gdb.wait_stop(kPanicLimit).exited) throw harness::QemuGone("QEMU ended");
        if (gdb.regs().cr3 == shell.cr3) break;
    }
    // Before anything else: the panic that follows writes to the slot, too, and QEMU 7.2 would abort.
    gdb.remove_watchpoint(slot, 8);
    const harness::Registers registers = gdb.regs();
    if (registers.cr3 == shell.cr3)
        throw std::runtime_error(fmt::format("The shell itself wrote to its saved RCX: {}.",
                                             machine.symbols().describe(registers.rip)));
    if (registers.rcx != kInitReturn) throw std::runtime_error("It was not overwritten by init's yield.");
}

uint64_t push_to(Machine& machine, uint64_t slot, uint64_t stack) {
    for (const CodeLine& line : list_code(machine.options().kernel, machine.symbols().value("syscall_entry"),
                                          find_sysret(machine))) {
        if (line.mnemonic.starts_with("call")) break;
        if (!line.mnemonic.starts_with("push")) continue;
        stack -= 8;
        if (stack == slot) return line.address;
    }
    return 0;
}

bool is_behind_pushes(Machine& machine, uint64_t rip) {
    const uint64_t entry = machine.symbols().value("syscall_entry");
    return (rip > entry && rip < find_sysret(machine)) || rip == machine.symbols().value("syscall_dispatch");
}

Finding read_finding(Machine& machine) {
    const harness::Registers registers = machine.gdb().regs();
    constexpr uint64_t kInt = 0xffff'ffff;
    return {registers.rdi & kInt, registers.rsi, registers.rdx, registers.rcx, registers.r8};
}

Machine& Lab3Test::start_at_kernel(MachineOptions options) {
    options.start_paused = true;
    Machine& machine = start(options);
    go_to_kernel(machine);
    return machine;
}

Machine& Lab3Test::start_without_bug(MachineOptions options) {
    Machine& machine = start_at_kernel(std::move(options));
    turn_interrupts_off_in_schedule(machine);
    return machine;
}

MachineOptions Lab3Test::with_init(MachineOptions options, const grader::Program& program) {
    module_ = grader::as_init(program);
    options.initrd = module_.write();
    return options;
}

void Lab3Test::expect_init_on_shells_stack(const Finding& finding, uint64_t where, const TaskView& init,
                                           const TaskView& shell) {
    constexpr const char* kNames[] = {"entry", "exit", "interrupt"};
    hint("Each check says itself which of the three it is.");
    EXPECT_EQ(finding.where, where) << "the first argument is not that of the check at the " << kNames[where];
    hint("The victim is the task whose stack was used: the one that current() finds by RSP.");
    EXPECT_EQ(finding.victim, shell.address) << "the victim is not the shell";
    hint(
        "The writer is the task that really ran. current() goes by the stack, and the stack is what is "
        "wrong: which "
        "witness is not misled?");
    EXPECT_EQ(finding.writer, init.address) << "the writer is not init";
    hint("The slot is the word at the very top of the victim's stack, where its return address lay.");
    EXPECT_EQ(finding.slot, shell.kstack_top - kRcxBelowTop) << "the slot is not the shell's saved RCX";
    hint("The stack that the entry was told to use ends right behind the frame.");
    EXPECT_EQ(finding.entry_stack, shell.kstack_top) << "the entry stack is not the shell's";
    hint("");
}

}  // namespace lab3
