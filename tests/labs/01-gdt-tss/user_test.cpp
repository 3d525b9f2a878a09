/// @file
/// 1.5 and 1.6: programs in ring 3, and the stack that they are interrupted on.
#include <fmt/format.h>

#include <map>
#include <set>

#include <tests/labs/01-gdt-tss/stopped_kernel.h>

namespace {

using grader::Program;
using harness::IntEntry;
using harness::Registers;

constexpr uint64_t kUserCode = 0x33;
constexpr uint64_t kUserData = 0x2b;
/// RFLAGS of a program that has set nothing itself: bit 1, and IF.
constexpr uint64_t kFirstFlags = 0x202;
/// Bits of RFLAGS that a program's arithmetic does not change: TF, IF, DF, IOPL, NT, and bit 1.
constexpr uint64_t kLastingFlags = 0x7702;
/// RF, which the processor itself sets in what it saves at a fault.
constexpr uint64_t kResumeFlag = 0x10000;

/// Long enough to be interrupted by the timer: at 16 ns an instruction, some 50 ms.
constexpr uint64_t kRounds = 200'000;
constexpr int kSlow = 4;

class User : public StoppedKernelTest {
  protected:
    /// The program of the digest, with numbers of this run.
    static Program digest_program(uint64_t nonce, uint64_t rounds) {
        Program program("grade/lab1_digest");
        program.set("lab1_nonce", nonce);
        program.set("lab1_rounds", rounds);
        return program;
    }
    /// Stops in ring 3 at the end of the program that runs next.
    Registers run_to_end_of(const Program& program) {
        return run_to(program.address("grade_done"), "the last instruction of its program");
    }
    /// With the guest at a program's last instruction, an undefined one: follows the fault to its handler's
    /// first instruction and checks the stack there. Returns the task.
    TaskView check_fault_on_own_stack() {
        const Registers in_program = machine().gdb().regs();
        const TaskView task = task_of_address_space();
        const Registers inside =
            run_to(read_gate(machine(), 6).offset, "the entry of the program's last fault");
        const uint64_t frame = task.kstack_top - 40;
        expect_equal(fmt::format("RSP at its entry (the kernel stack of {} ends at {:#x})", task.name,
                                 task.kstack_top),
                     inside.rsp, frame);
        if (inside.rsp == frame) {
            expect_equal("RIP in its frame", machine().gdb().read_u64(frame), in_program.rip);
            expect_equal("CS in its frame", machine().gdb().read_u64(frame + 8), kUserCode);
            expect_equal("RSP in its frame", machine().gdb().read_u64(frame + 24), in_program.rsp);
            expect_equal("SS in its frame", machine().gdb().read_u64(frame + 32), kUserData);
        }
        return task;
    }
};

class Rsp0 : public User {};
class Tss : public User {};

GRADED(User, EntersRing3,
       {.title = "A program is entered at its first instruction, in ring 3, with its own stack",
        .section = "1.5",
        .points = 8,
        .needs = {"Tss.IsLoaded", "Gdt.SegmentsAreReloaded"},
        .hint = "IRETQ takes RIP, CS, RFLAGS, RSP and SS from the frame; prepare_user_entry() makes the "
                "switch to the task lead to it."}) {
    const Program program("grade/lab1_entry");
    start_with_programs({program});
    run_to("start_userspace");
    // The program faults at its first instruction. The processor's record of that, or of a tick that comes
    // just before, shows how it was entered, whatever becomes of it then.
    try {
        run_to_first({symbol("handle_exception"), symbol("finish_panic")});
    } catch (const harness::Timeout&) {
        // The record tells more.
    }
    std::optional<IntEntry> first;
    for (const IntEntry& entry : machine().int_log().entries())
        if (entry.cpl == 3 && !first) first = entry;
    if (!first) {
        hint(
            "Nothing ever ran in ring 3: CS and SS in the frame need RPL 3, and Task::rsp must lead to a "
            "Context that goes on at interrupt_exit, with RSP at the frame.");
        const auto others = exceptions(machine().int_log());
        FAIL() << "No program was entered. Exceptions so far:\n"
               << (others.empty() ? "none\n" : format_entries(others));
    }
    hint("CS is kUserCode, RPL included, and SS is kUserData.");
    require_equal("CS", first->cs, kUserCode);
    require_equal("SS", first->ss, kUserData);
    hint("RIP is the entry point and RSP the stack, as prepare_user_entry() is told.");
    require_equal("RIP", first->rip, program.address("_start"));
    // System V ABI 3.4.1: RSP is a multiple of 16, and what the kernel has put there ends below the edge.
    ASSERT_TRUE(first->rsp % 16 == 0 && first->rsp > 0x7fff'ff7f'f000 && first->rsp < 0x7fff'ffff'f000)
        << fmt::format("RSP is {:#x}, which is not where the program's stack was prepared", first->rsp);
    const uint64_t flags = first->rflags.value_or(0) & ~kResumeFlag;
    hint("With IF clear in RFLAGS no timer can ever interrupt the program.");
    ASSERT_NE(flags & 0x200, 0u) << fmt::format("RFLAGS is {:#x}", flags);
    hint("IOPL, bits 12 and 13 of RFLAGS, above 0 would give ring 3 the I/O ports.");
    ASSERT_EQ(flags & 0x3000, 0u) << fmt::format("RFLAGS is {:#x}", flags);
    hint("RFLAGS is 0x202: bit 1, which is always 1, and IF.");
    require_equal("RFLAGS", flags, kFirstFlags);
}

GRADED(Rsp0, FaultsLandOnTheTasksStack,
       {.title = "A fault in ring 3 is handled on the kernel stack of the task that ran",
        .section = "1.6",
        .points = 5,
        .needs = {"User.EntersRing3"},
        .hint = "Coming from ring 3 the processor loads RSP from the TSS: RSP0 is the top of the kernel "
                "stack of the task that is about to run."}) {
    const Program program = digest_program(grader::nonce(), 1);
    start_with_programs({program});
    run_to("start_userspace");
    // Its first exception: it writes to a page that it shares with its file.
    const uint64_t gate = read_gate(machine(), 14).offset;
    const Registers inside = run_to(gate, "the entry of its program's page fault");
    const TaskView task = task_of_address_space();
    // A page fault's frame has an error code in addition.
    require_equal(
        fmt::format("RSP at its entry (the kernel stack of {} ends at {:#x})", task.name, task.kstack_top),
        inside.rsp, task.kstack_top - 48);
    ASSERT_EQ(inside.rflags & 0x200, 0u) << "interrupts are off at an interrupt gate";
    run_to_end_of(program);
    check_fault_on_own_stack();
}

GRADED(Rsp0, FollowsEachTask,
       {.title = "RSP0 is written at every switch to a program, with that program's stack",
        .section = "1.6",
        .points = 5,
        .needs = {"Rsp0.FaultsLandOnTheTasksStack"},
        .hint = "Every program has a kernel stack of its own: RSP0 is that of `next`, each time one is "
                "switched to."}) {
    const std::vector<Program> programs{digest_program(grader::nonce(), 3),
                                        digest_program(~grader::nonce(), 5)};
    start_with_programs(programs);
    run_to("start_userspace");
    run_to_end_of(programs[0]);
    const TaskView first = check_fault_on_own_stack();
    if (HasFailure()) return;

    // The second program would get the stack that the first one left. Take it away from the list of free
    // ones, and leave a wrong RSP0 behind: the next switch must put it right.
    run_to("start_process");
    const uint64_t free_stack = first.kstack_top - kernel_stack_size(machine());
    harness::GdbStub& gdb = machine().gdb();
    for (const harness::Symbol& variable : machine().symbols().all())
        if (variable.demangled.ends_with("::free_list") && gdb.read_u64(variable.value) == free_stack)
            gdb.write_u64(variable.value, 0);
    gdb.write_u64(symbol("tss") + 4, first.kstack_top - 512);
    run_to_end_of(programs[1]);
    const TaskView second = check_fault_on_own_stack();
    EXPECT_NE(second.kstack_top, first.kstack_top) << "both programs run on one stack";
}

GRADED(User, StartsWithCleanRegisters,
       {.title = "A program starts with nothing of the kernel in its registers",
        .section = "1.5",
        .points = 3,
        .needs = {"Rsp0.FaultsLandOnTheTasksStack"},
        .hint = "interrupt_exit pops all 15 general registers from the frame, where an earlier program's "
                "kernel stack may have left anything: write every field."}) {
    // The second program gets the kernel stack that the first one has used.
    const Program program = digest_program(grader::nonce(), 1);
    start_with_programs({program, program});
    run_to(program.address("_start"), "the first instruction of its program");
    run_to("start_process");
    const Registers registers =
        run_to(program.address("_start"), "the first instruction of its second program");
    ASSERT_EQ(registers.cpl(), 3u);
    for (const auto& [name, member] : harness::register_fields()) {
        const bool general = name.size() <= 3 && name.starts_with('r') && name != "rsp" && name != "rip";
        if (general || name == "fs_base" || name == "gs_base") {
            expect_equal(std::string(name), registers.*member, 0);
        }
    }
    // What the kernel has prepared for it lies at RSP: argc, and argv[0], its path.
    hint("RSP is the stack that prepare_user_entry() is given, where argc and argv lie.");
    ASSERT_EQ(machine().gdb().read_u64(registers.rsp), 1u) << "argc";
    const std::string path = "/ring3/" + program_name(1);
    const auto text = machine().gdb().read(machine().gdb().read_u64(registers.rsp + 8), path.size());
    EXPECT_EQ(std::string(text.begin(), text.end()), path) << "argv[0]";
}

GRADED(Rsp0, ProgramsComputeUndisturbed,
       {.title = "A program computes while the timer interrupts it, and loses nothing",
        .section = "1.6",
        .points = 6,
        .needs = {"Rsp0.FaultsLandOnTheTasksStack"},
        .hint = "Ticks come in ring 3 all the time: each enters on RSP0 and returns by the same frame."}) {
    const uint64_t nonce = grader::nonce();
    const Program program = digest_program(nonce, kRounds);
    start_with_programs({program}, kSlow);
    run_to("start_userspace");
    const Registers end = run_to_end_of(program);
    ASSERT_EQ(end.cpl(), 3u);
    expect_equal("The digest in the program's memory",
                 machine().gdb().read_u64(program.address("lab1_result")), grader::digest(nonce, kRounds));
    size_t ticks = 0;
    for (const IntEntry& entry : machine().int_log().with_vector(0x20)) ticks += entry.cpl == 3;
    hint("With IF clear in the program's RFLAGS no timer interrupt can come.");
    EXPECT_GT(ticks, 10u) << "ticks while it ran";
    hint("");
    expect_equal("CS", end.cs, kUserCode);
    expect_equal("SS", end.ss, kUserData);
    expect_equal("RFLAGS without what arithmetic changes", end.rflags & kLastingFlags, kFirstFlags);
    const std::pair<uint64_t, uint64_t> numbered[] = {
        {3, end.rbx},  {5, end.rbp},  {6, end.rsi},  {7, end.rdi},  {8, end.r8},   {9, end.r9},
        {10, end.r10}, {11, end.r11}, {12, end.r12}, {13, end.r13}, {14, end.r14}, {15, end.r15}};
    for (const auto& [number, value] : numbered)
        expect_equal(fmt::format("Register number {}", number), value, nonce + number);
}

GRADED(Rsp0, NmiInRing3DoesNoHarm,
       {.title = "An NMI in ring 3 comes on its own stack, is handled on the task's, and changes nothing",
        .section = "1.6",
        .points = 3,
        .needs = {"Rsp0.FaultsLandOnTheTasksStack", "Tss.NmiInTheKernelDoesNoHarm"},
        .hint = "From ring 3 the frame moves on to the task's kernel stack, which move_to_task_stack() finds "
                "by RSP0."}) {
    const Program program = digest_program(grader::nonce(), 100);
    start_with_programs({program});
    const Registers before = run_to(program.address("lab1_round"), "a loop in its program");
    const TaskView task = task_of_address_space();
    const uint64_t count = machine().gdb().read_u64(symbol("nmi_count"));
    const GateView gate = read_gate(machine(), 2);
    machine().qmp().inject_nmi();
    const Registers inside = run_to(gate.offset, "the NMI's entry");
    expect_equal("RSP at the NMI's entry", inside.rsp, interrupt_stack(gate.ist) - 40);
    const Registers handler = run_to("interrupt_dispatch");
    expect_equal("The address of the frame on the task's stack", handler.rdi,
                 task.kstack_top - kInterruptFrameSize);
    const Registers after = run_to(before.rip, "the instruction that the NMI interrupted");
    Registers expected = before;
    expected.cr2 = after.cr2;
    EXPECT_EQ(harness::format_difference(expected, after), "");
    expect_equal("The kernel's count of NMIs", machine().gdb().read_u64(symbol("nmi_count")), count + 1);
    run_to_end_of(program);
    expect_equal("The digest", machine().gdb().read_u64(program.address("lab1_result")),
                 grader::digest(grader::nonce(), 100));
}

GRADED(Rsp0, DebugExceptionEndsTheProgram,
       {.title = "A debug exception in ring 3 comes on its own stack and ends the program only",
        .section = "1.6",
        .points = 3,
        .needs = {"Rsp0.FaultsLandOnTheTasksStack", "Tss.HasInterruptStacks"},
        .hint = "From ring 3 the frame moves on to the task's kernel stack, which move_to_task_stack() finds "
                "by RSP0."}) {
    const std::vector<Program> programs{Program("grade/lab1_step"), digest_program(grader::nonce(), 1)};
    start_with_programs(programs);
    run_to("start_userspace");
    const GateView gate = read_gate(machine(), 1);
    const Registers inside = run_to(gate.offset, "the entry of the debug exception");
    expect_equal("RSP at its entry", inside.rsp, interrupt_stack(gate.ist) - 40);
    const TaskView task = task_of_address_space();
    run_to("exit_current");
    const auto on_stack = task_of_stack(machine(), machine().gdb().regs().rsp);
    ASSERT_TRUE(on_stack) << "the program ends on no task's stack";
    EXPECT_EQ(on_stack->address, task.address);
    EXPECT_EQ(on_stack->fatal_signal, 5);
    const auto fault = fatal_exception();
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->vector, 1u) << harness::format_entry(*fault);
    EXPECT_EQ(fault->rip, programs[0].address("lab1_stepped"));
    // The next program runs as if nothing had been.
    run_to_end_of(programs[1]);
}

GRADED(Tss, PortsAreRefusedToRing3,
       {.title = "A program that uses an I/O port gets #GP",
        .section = "1.4",
        .points = 3,
        .needs = {"Rsp0.FaultsLandOnTheTasksStack", "Tss.HasNoPortMap"},
        .hint = "IOPL 0 makes the processor ask the TSS's permission map: there must be none."}) {
    // DMA controllers and the keyboard: reading harms nobody, nor does a write of 0 to a DMA address
    // register.
    const uint64_t ports[] = {0x60 + grader::nonce() % 2 * 4, grader::nonce() % 8};
    for (const uint64_t write : {0, 1}) {
        Program program("grade/lab1_ports");
        program.set("lab1_port", ports[write]);
        program.set("lab1_write", write);
        start_with_programs({program});
        run_to("start_userspace");
        run_to_first({program.address("grade_done"), symbol("exit_current"), symbol("finish_panic")});
        const auto fault = fatal_exception();
        ASSERT_TRUE(fault) << fmt::format("port {:#x} was {} in ring 3", ports[write],
                                          write ? "written" : "read");
        EXPECT_EQ(fault->vector, 13u) << harness::format_entry(*fault);
        EXPECT_EQ(fault->error, 0u) << harness::format_entry(*fault);
        EXPECT_EQ(fault->rip, program.address(write ? "lab1_out" : "lab1_in"))
            << harness::format_entry(*fault);
    }
}

/// The programs of /ring3 and the exceptions that end them.
const std::map<std::string, unsigned> kPrograms{
    {"cli", 13},  {"div0", 0},         {"exec_stack", 14}, {"hello", 3},
    {"hlt", 13},  {"in", 13},          {"int3", 3},        {"int80", 13},
    {"iopl", 13}, {"lgdt", 13},        {"mov_cr3", 13},    {"noncanonical", 13},
    {"out", 13},  {"read_kernel", 14}, {"read_null", 14},  {"stack_overflow", 14},
    {"ud2", 6},   {"wrmsr", 13},       {"write_text", 14}};

GRADED(Rsp0, AllProgramsEndAndTheKernelLives,
       {.title = "Each of the 19 programs of /ring3 dies of its own fault, and the kernel lives on",
        .section = "1.6",
        .points = 6,
        .needs = {"Rsp0.FaultsLandOnTheTasksStack"},
        .hint = "What comes in ring 3 must arrive on the task's kernel stack with the frame that belongs to "
                "it, every time."}) {
    start_kernel();
    run_to("start_userspace");
    std::map<std::string, unsigned> ended;
    // The thread that starts the programs ends last.
    for (size_t i = 0; i <= kPrograms.size(); ++i) {
        run_to("exit_current");
        const auto task = task_of_stack(machine(), machine().gdb().regs().rsp);
        ASSERT_TRUE(task) << "a task ends on a stack that is nobody's";
        if (task->name == "ring3") break;
        const auto faults = exceptions_in_ring3();
        ASSERT_FALSE(faults.empty()) << task->name;
        EXPECT_TRUE(ended.emplace(task->name, faults.back().vector).second) << task->name << " ended twice";
        EXPECT_EQ(faults.back().cr3, task->cr3) << task->name << ": the fault was another's";
    }
    EXPECT_EQ(ended, kPrograms) << "programs and the vectors that ended them";
    // The kernel's timer goes on, and nothing has ever gone wrong in ring 0.
    for (int tick = 0; tick < 20; ++tick) run_to("interrupt_dispatch");
    for (const IntEntry& entry : exceptions(machine().int_log()))
        EXPECT_EQ(entry.cpl, 3u) << harness::format_entry(entry);
    EXPECT_EQ(machine().int_log().triple_faults(), 0u);
}

}  // namespace
