/// @file
/// Moves the guest along the entry paths.
#include <tests/labs/05-pcr-swapgs/paths.h>

#include <fmt/format.h>

#include <stdexcept>

using harness::Duration;

namespace {

/// How long the guest may run without coming to the next stop.
constexpr Duration kLimit(6000);
/// How long it may take to print a panic.
constexpr Duration kPanicLimit(300);
/// How often a stop may be another than the one that is waited for.
constexpr int kMaximumStops = 2000;
/// How many instructions a way in or out may have.
constexpr int kMaximumPath = 600;
/// As interrupt_frame.h has it.
constexpr uint64_t kInterruptFrameSize = 22 * 8;
constexpr uint64_t kUserBaseMask = 0x7fff'ffff'f000;

/// `code` without the prefix of 64-bit operands.
std::vector<uint8_t> without_rex(const std::vector<uint8_t>& code) {
    if (!code.empty() && code.front() == 0x48) return {code.begin() + 1, code.end()};
    return code;
}

}  // namespace

bool is_sysret(const std::vector<uint8_t>& code) {
    const std::vector<uint8_t> rest = without_rex(code);
    return rest.size() >= 2 && rest[0] == 0x0f && rest[1] == 0x07;
}

bool is_iret(const std::vector<uint8_t>& code) {
    const std::vector<uint8_t> rest = without_rex(code);
    return !rest.empty() && rest[0] == 0xcf;
}

uint64_t PathsTest::secret(const std::string& name) {
    uint64_t value = grader::nonce() | 1;
    for (const char c : name) value = grader::digest(value ^ static_cast<unsigned char>(c), 2) | 1;
    return value;
}

uint64_t PathsTest::secret_base(const std::string& name) {
    return (secret(name) & kUserBaseMask) >> 1;
}

void PathsTest::start_program(const grader::Program& program, const std::string& command_line) {
    module_ = grader::as_init(program);
    harness::MachineOptions machine_options = options(command_line);
    machine_options.initrd = module_->write();
    machine_options.start_paused = true;
    start(machine_options);
    gdb();
}

uint64_t PathsTest::region_word(const std::string& member) {
    return gdb().read_u64(region() + kernel("OFFSETOF_ProcessorControlRegion_" + member));
}

TaskView PathsTest::running_task(const Registers& at) {
    constexpr uint64_t kAddressMask = 0x000f'ffff'ffff'f000;
    for (TaskView& task : read_tasks(machine()))
        if ((task.cr3 & kAddressMask) == (at.cr3 & kAddressMask) && task.pid > 0) return std::move(task);
    throw std::runtime_error("No task has the address space that is in use.");
}

/// Lets the guest run to one of `addresses`.
Registers PathsTest::stop_at(const std::set<uint64_t>& addresses, const std::string& what) {
    const std::set<uint64_t> panics = {kernel("panic"), kernel("panic_exception")};
    gdb().remove_all();
    std::set<uint64_t> all = addresses;
    all.insert(panics.begin(), panics.end());
    for (const uint64_t address : all) gdb().insert_breakpoint(address);
    gdb().resume();
    try {
        if (gdb().wait_stop(kLimit).exited)
            throw harness::QemuGone(fmt::format("QEMU has ended on the way to {}.", what));
    } catch (const harness::Timeout&) {
        gdb().interrupt();
        throw std::runtime_error(
            fmt::format("The kernel does not come to {}. It is at {}.", what, name(gdb().regs().rip)));
    }
    const Registers at = gdb().regs();
    if (!panics.contains(at.rip)) return at;
    // The report is worth reading.
    gdb().remove_all();
    gdb().resume();
    try {
        gdb().wait_stop(kPanicLimit);
    } catch (const harness::Timeout&) {
        gdb().interrupt();
    }
    throw std::runtime_error(fmt::format("The kernel panics on the way to {}.", what));
}

Registers PathsTest::run_to(uint64_t address, const std::string& what,
                            const std::function<bool(const Registers&)>& wanted) {
    if (gdb().regs().rip == address) gdb().step();
    for (int stops = 0; stops < kMaximumStops; stops++) {
        const Registers at = stop_at({address}, what);
        if (at.rip == address && (!wanted || wanted(at))) return at;
        // From a breakpoint by a step, or it would be reported for ever.
        gdb().step();
    }
    throw std::runtime_error(fmt::format("The kernel does not come to {}.", what));
}

Registers PathsTest::run_to_program(uint64_t address, const std::string& what) {
    return run_to(address, what, [](const Registers& at) { return at.cpl() == 3; });
}

Handler PathsTest::read_handler(const Registers& at) {
    const uint64_t frame = at.rdi;
    return {.at = at,
            .vector = gdb().read_u64(frame + kernel("OFFSETOF_InterruptFrame_vector")),
            .rip = gdb().read_u64(frame + kernel("OFFSETOF_InterruptFrame_cs") - 8),
            .cs = gdb().read_u64(frame + kernel("OFFSETOF_InterruptFrame_cs"))};
}

Handler PathsTest::run_to_handler(std::optional<uint64_t> vector, std::optional<bool> from_user) {
    Handler handler;
    run_to(kernel("interrupt_dispatch"),
           vector ? fmt::format("the handler of interrupt {}", *vector) : "an interrupt's handler",
           [&](const Registers& at) {
               handler = read_handler(at);
               return (!vector || handler.vector == *vector) &&
                      (!from_user || handler.from_user() == *from_user);
           });
    return handler;
}

Registers PathsTest::run_to_return(const Registers& function) {
    const uint64_t address = gdb().read_u64(function.rsp);
    return run_to(address, "the return of " + name(function.rip),
                  [&](const Registers& at) { return at.rsp == function.rsp + 8; });
}

Registers PathsTest::walk(const std::string& what, const std::function<bool(const Registers&)>& done,
                          const Visit& visit) {
    for (int steps = 0; steps < kMaximumPath; steps++) {
        const Registers at = gdb().regs();
        if (done(at)) return at;
        if (at.rip == kernel("panic") || at.rip == kernel("panic_exception"))
            throw std::runtime_error(fmt::format("The kernel panics on the way to {}.", what));
        if (visit) visit(at);
        if (HasFailure()) throw std::runtime_error("The rest of the path was not gone through.");
        if (gdb().step().exited)
            throw harness::QemuGone(fmt::format("QEMU has ended on the way to {}.", what));
    }
    throw std::runtime_error(fmt::format("{} instructions, and they do not lead to {}: the last is at {}.",
                                         kMaximumPath, what, name(gdb().regs().rip)));
}

Registers PathsTest::walk_to_ring3(const Visit& visit) {
    return walk(
        "ring 3", [](const Registers& at) { return at.cpl() == 3; }, visit);
}

Registers PathsTest::walk_to_function(uint64_t function, const Visit& visit) {
    gdb().step();
    return walk(
        "the system call's function", [&](const Registers& at) { return at.rip == function; }, visit);
}

void PathsTest::check_return(const Registers& before, const std::string& where) {
    Registers after;
    for (int stops = 0; stops < kMaximumStops; stops++) {
        after = stop_at({before.rip}, "the interrupted instruction, " + where);
        if (after.rsp == before.rsp) break;
        gdb().step();
    }
    if (after.gs_base != before.gs_base)
        hint(
            "What GS base was before must outlive the call, so in registers that a call preserves, and be "
            "put back");
    EXPECT_EQ(after.gs_base, before.gs_base) << where << ": GS base afterwards";
    EXPECT_EQ(after.k_gs_base, before.k_gs_base) << where << ": KERNEL_GS_BASE afterwards";
    // CR2 and the null segment that IRET leaves in ring 0's SS don't matter.
    after.cr2 = before.cr2;
    after.ss = before.ss;
    EXPECT_EQ(harness::format_difference(before, after), "") << where << ": registers before and afterwards";
}

/// At the first instruction of a C++ function: it may change all registers that a call does not preserve, so
/// it does.
void PathsTest::spoil_registers() {
    for (const char* name : {"rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11"})
        gdb().write_register(name, secret(name));
}

void PathsTest::check_nmi(const std::string& where) {
    const Registers before = gdb().regs();
    const uint64_t count = gdb().read_u64(kernel("nmi_count"));
    machine().qmp().inject_nmi();
    const Registers at = stop_at({kernel("interrupt_dispatch")}, "the NMI's handler, " + where);
    const Handler handler = read_handler(at);
    ASSERT_EQ(handler.vector, kNmiVector) << where;
    ASSERT_EQ(handler.rip, before.rip) << where << ": the frame that the handler is given is not the NMI's";
    ASSERT_EQ(handler.at.gs_base, region()) << where << ": GS base in the NMI's handler";
    if (before.cpl() == 3) {
        EXPECT_EQ(handler.at.k_gs_base, before.gs_base) << where << ": what waits for the program";
        EXPECT_EQ(handler.at.rdi, running_task(before).kstack_top - kInterruptFrameSize)
            << where << ": the frame is not on the task's kernel stack";
    }
    spoil_registers();
    check_return(before, where);
    EXPECT_EQ(gdb().read_u64(kernel("nmi_count")), count + 1) << where;
}

void PathsTest::check_exception(unsigned vector, bool has_error_code, const std::string& where) {
    const Registers before = gdb().regs();
    const GateView gate = read_gate(machine(), vector);
    ASSERT_TRUE(gate.ist >= 1 && gate.ist <= 7) << "vector " << vector << " has no stack of its own";
    uint64_t rsp = read_tss(machine()).ist[gate.ist - 1u] & ~15ull;
    const auto push = [&](uint64_t value) { gdb().write_u64(rsp -= 8, value); };
    push(before.ss);
    push(before.rsp);
    push(before.rflags);
    push(before.cs);
    push(before.rip);
    if (has_error_code) push(0);
    gdb().write_register("rsp", rsp);
    gdb().write_register("rip", gate.offset);
    gdb().write_register("eflags", before.rflags & ~(kTf | kIf));
    const Registers at = stop_at({kernel("interrupt_dispatch")}, "the handler, " + where);
    const Handler handler = read_handler(at);
    ASSERT_EQ(handler.vector, vector) << where;
    ASSERT_EQ(handler.rip, before.rip) << where << ": the frame that the handler is given";
    ASSERT_EQ(at.gs_base, region()) << where << ": GS base in the handler of vector " << vector;
    spoil_registers();
    // The handler itself would stop the kernel: it returns at once instead.
    gdb().write_register("rip", gdb().read_u64(at.rsp));
    gdb().write_register("rsp", at.rsp + 8);
    check_return(before, where);
}

void RoundTest::start_rounds(const std::string& command_line) {
    program_.set("paths_fs_base", fs_base());
    program_.set("paths_gs_base", gs_base());
    program_.set("paths_rax", kCall);
    for (const char* name : {"rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12",
                             "r13", "r14", "r15"})
        program_.set(std::string("paths_") + name, secret(name));
    // CF PF AF ZF SF OF, DF, AC, ID: what a program may set; IF and the fixed bit.
    program_.set("paths_rflags", (secret("rflags") & 0x240cd5) | 0x202);
    start_program(program_, command_line);
}

Registers RoundTest::at_call() {
    return run_to_program(in_program("paths_call"), "the program's system call");
}

Registers RoundTest::at_function() {
    at_call();
    const uint64_t function = system_call(kCall);
    return run_to(function, "the function of the system call");
}
