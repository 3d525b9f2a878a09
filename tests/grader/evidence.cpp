/// @file
/// A failing machine's registers, task, stack and last words.
#include <tests/grader/evidence.h>

#include <fmt/format.h>

#include <exception>

#include <tests/harness/report.h>
#include <tests/harness/text.h>
#include <tests/system/kernel_view.h>

namespace grader {

namespace {

constexpr size_t kSerialLines = 40;
constexpr uint64_t kStackWords = 24;

/// Whose stack RSP lies on and whose address space is in use: the two need not agree.
std::string task_now(harness::Machine& machine, const harness::Registers& registers) {
    std::string text = "the stack is nobody's";
    if (const auto owner = task_of_stack(machine, registers.rsp))
        text = fmt::format("on the kernel stack of {} (pid {})", owner->name, owner->pid);
    for (const TaskView& task : read_tasks(machine))
        if (task.cr3 == (registers.cr3 & ~0xfffull) && task.pid > 0)
            return text + fmt::format(", in the address space of {} (pid {})", task.name, task.pid);
    return text + fmt::format(", CR3={:#x}", registers.cr3);
}

std::vector<StackWord> stack_words(harness::Machine& machine, uint64_t rsp) {
    std::vector<StackWord> words;
    for (uint64_t i = 0; i < kStackWords; i++) {
        const uint64_t address = (rsp & ~7ull) + 8 * i;
        uint64_t value = 0;
        try {
            value = machine.gdb().read_u64(address);
        } catch (const harness::RequestRefused&) {
            break;  // the end of the stack's memory
        }
        // A return address may lie behind its function, if the call is the last instruction.
        const harness::Symbol* symbol = machine.symbols().covering(value - 1);
        words.push_back({fmt::format("{:#x}", address), fmt::format("{:#018x}", value),
                         symbol && symbol->function ? machine.symbols().describe(value - 1) + " + 1" : ""});
    }
    return words;
}

}  // namespace

Evidence collect_evidence(harness::Machine& machine) {
    Evidence evidence;
    evidence.state = harness::machine_state(machine);
    evidence.serial = harness::printable_tail(machine.serial(), kSerialLines);
    evidence.command = machine.reproduction();
    try {
        if (!machine.running()) return evidence;
        // machine_state() has stopped the guest.
        machine.gdb().select_cpu(0);
        const harness::Registers registers = machine.gdb().regs();
        evidence.stack = stack_words(machine, registers.rsp);
        evidence.task = task_now(machine, registers);
    } catch (const std::exception& error) {
        evidence.task += fmt::format(" (not available: {})", error.what());
    }
    return evidence;
}

}  // namespace grader
