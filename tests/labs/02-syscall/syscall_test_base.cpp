/// @file
/// Stops, panics and what they mean.
#include <tests/labs/02-syscall/syscall_test_base.h>

#include <fmt/format.h>

#include <algorithm>

#include <tests/harness/text.h>

namespace {

constexpr harness::Duration kPatience(2000);
/// Processes may end while something else is awaited, but not without end.
constexpr int kMaximumExits = 50;
constexpr int kInit = 1;
/// How the message of todo() begins, and how long the name of a part can be.
constexpr std::string_view kTodo = "TODO(";
constexpr size_t kLongestPart = 8;
/// The error code of a fault that is about the selector in STAR[63:48].
constexpr uint32_t kSysretBase = 0x20;
constexpr std::array<uint8_t, 2> kRdmsr{0x0f, 0x32};
constexpr std::array<uint8_t, 2> kSyscall{0x0f, 0x05};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

}  // namespace

void SyscallChapter::start_paused(harness::MachineOptions machine_options) {
    machine_options.start_paused = true;
    start(machine_options);
}

void SyscallChapter::start_init(const grader::Program& program, const std::string& command_line) {
    harness::MachineOptions machine_options = options(command_line);
    grader::BootModule module = grader::as_init(program);
    machine_options.initrd = module.write();
    start_paused(machine_options);
}

testing::AssertionResult SyscallChapter::reach(const std::vector<uint64_t>& addresses,
                                               const std::string& what) {
    const auto is_wanted = [&](uint64_t rip) {
        return std::find(addresses.begin(), addresses.end(), rip) != addresses.end();
    };
    const uint64_t panic = kernel("panic"), exception = kernel("panic_exception"),
                   exit = kernel("exit_current");
    for (int exits = 0; exits < kMaximumExits; exits++) {
        // A guest that stands at a breakpoint would stop there again.
        if (gdb().step().exited)
            return testing::AssertionFailure() << "The machine was reset before it came to " << what << ".";
        if (is_wanted(gdb().regs().rip)) return testing::AssertionSuccess();
        gdb().remove_all();
        for (const uint64_t address : addresses) gdb().insert_breakpoint(address);
        for (const uint64_t address : {panic, exception, exit})
            if (!is_wanted(address)) gdb().insert_breakpoint(address);
        gdb().resume();
        try {
            if (gdb().wait_stop(kPatience).exited)
                return testing::AssertionFailure()
                       << "The machine was reset before it came to " << what << ".";
        } catch (const harness::Timeout&) {
            gdb().interrupt();
            return testing::AssertionFailure() << "The machine never came to " << what << "; it is at "
                                               << machine().symbols().describe(gdb().regs().rip) << ".";
        }
        gdb().remove_all();
        const harness::Registers now = gdb().regs();
        if (is_wanted(now.rip)) return testing::AssertionSuccess();
        if (now.rip == panic || now.rip == exception) {
            const std::string why = explain_panic();
            return testing::AssertionFailure()
                   << "The kernel panicked before it came to " << what << why << ".";
        }
        const auto task = task_of_stack(machine(), now.rsp);
        if (now.rip == exit && (!task || task->pid == kInit))
            return testing::AssertionFailure() << "The program was ended with status " << (now.rdi & 0xffff)
                                               << " before it came to " << what << explain_panic() << ".";
    }
    return testing::AssertionFailure() << "Programs end and end, and nothing comes to " << what << ".";
}

/// For a guest at panic(): the part that todo() names, such as "lab2.3", or nothing.
std::string SyscallChapter::missing_part() {
    try {
        const harness::Registers at = gdb().regs();
        const auto format = gdb().read(at.rdi, kTodo.size());
        if (!std::equal(kTodo.begin(), kTodo.end(), format.begin())) return "";
        std::string part;
        for (const uint8_t byte : gdb().read(at.rsi, kLongestPart)) {
            if (std::isalnum(byte) == 0 && byte != '.') break;
            part += static_cast<char>(byte);
        }
        return part;
    } catch (const harness::RequestRefused&) {
        return "";
    }
}

/// The last exception, and what it tells.
std::string SyscallChapter::explain_panic() {
    if (gdb().regs().rip == kernel("panic")) {
        if (const std::string part = missing_part(); !part.empty()) {
            hint("TODO(" + part + ") is where the kernel stopped: that part is not written yet.");
            return "";
        }
    }
    const std::vector<harness::IntEntry> all = exceptions(machine().int_log());
    // A double fault is named by what led to it.
    const auto last =
        std::find_if(all.rbegin(), all.rend(), [](const auto& entry) { return entry.vector != 8; });
    if (last == all.rend()) return "";
    if (last->cpl == 0 && last->rsp < kKernelStart && last->rip >= kKernelStart) {
        hint(
            "The kernel pushed or popped while RSP was still, or again, the program's: RSP changes first of "
            "all on the way in and last "
            "of all on the way out.");
    } else if (last->vector == 13 && last->error == kSysretBase) {
        hint(
            "An IRETQ met CS 0x23, the 32-bit segment that does not exist: SYSRET without a 64-bit operand "
            "size had returned to it.");
    } else if (last->vector == 6 && last->cpl == 3) {
        try {
            const auto code = gdb().read(last->rip, 2);
            if (std::equal(kSyscall.begin(), kSyscall.end(), code.begin()))
                hint("SYSCALL itself is the invalid opcode: EFER.SCE is not set.");
        } catch (const harness::RequestRefused&) {
            // Not mapped in the address space that is in force by now.
        }
    }
    return "; the last exception was " + harness::format_entry(*last);
}

uint64_t SyscallChapter::read_msr(uint32_t number) {
    const harness::Registers before = gdb().regs();
    if (before.cpl() != 0) throw std::logic_error("only ring 0 reads model-specific registers");
    const std::vector<uint8_t> code = gdb().read(before.rip, kRdmsr.size());
    gdb().write(before.rip, kRdmsr);
    gdb().write_register("rcx", number);
    gdb().step();
    const harness::Registers after = gdb().regs();
    gdb().write(before.rip, code);
    gdb().write_register("rax", before.rax);
    gdb().write_register("rcx", before.rcx);
    gdb().write_register("rdx", before.rdx);
    gdb().write_register("rip", before.rip);
    return after.rdx << 32 | (after.rax & 0xffff'ffff);
}

std::optional<TaskView> SyscallChapter::running_task() {
    const uint64_t cr3 = gdb().regs().cr3;
    for (TaskView& task : read_tasks(machine()))
        if (task.cr3 == cr3 && task.pid > 0) return std::move(task);
    return std::nullopt;
}

CallProgram::CallProgram(uint64_t number, uint64_t flags) : Program("grade/lab2_call"), flags_(flags) {
    for (size_t i = 0; i < kGradeRegisterCount; i++) set_in(i, grade_pattern(grader::nonce(), 0, i));
    set_in(kRax, number);
    set("call_rflags", flags);
}

void CallProgram::set_in(size_t index, uint64_t value) {
    in_[index] = value;
    set("call_" + lower(kGradeRegisters[index]), value);
}

std::array<uint64_t, kGradeRegisterCount> general_registers(const harness::Registers& r) {
    return {r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp,
            r.r8,  r.r9,  r.r10, r.r11, r.r12, r.r13, r.r14, r.r15};
}

std::string compare_registers(const std::array<uint64_t, kGradeRegisterCount>& expected,
                              const std::array<uint64_t, kGradeRegisterCount>& found, std::string& cause) {
    std::string text;
    for (size_t i = 0; i < kGradeRegisterCount; i++) {
        if (found[i] == expected[i]) continue;
        text += fmt::format("{} is {:#x}, not {:#x}\n", kGradeRegisters[i], found[i], expected[i]);
        const auto other = std::find(expected.begin(), expected.end(), found[i]);
        if (!cause.empty()) continue;
        if (other != expected.end() && found[i] > 0xffff)
            cause = fmt::format(
                "{} comes back with what {} had: registers are taken from the frame in the order of their "
                "addresses.",
                kGradeRegisters[i], kGradeRegisters[other - expected.begin()]);
        else
            cause = fmt::format(
                "{} does not come back as it was: it is not taken from the frame, or something else is "
                "popped into it.",
                kGradeRegisters[i]);
    }
    return text;
}
