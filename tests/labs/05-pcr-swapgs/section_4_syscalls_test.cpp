/// @file
/// System calls up to the C++ function that does the work.
#include <tests/labs/05-pcr-swapgs/paths.h>

namespace {

/// What the calling convention passes in registers: the program's name for each, and the function's.
struct Argument {
    const char* name;
    uint64_t Registers::*in_function;
};
constexpr Argument kArguments[] = {{"rdi", &Registers::rdi}, {"rsi", &Registers::rsi},
                                   {"rdx", &Registers::rdx}, {"r10", &Registers::rcx},
                                   {"r8", &Registers::r8},   {"r9", &Registers::r9}};

class Syscalls : public RoundTest {};

GRADED(Syscalls, EnterWithTheRegion,
       {.title = "A system call reaches C++ with GS at the region, on the task's kernel stack",
        .section = "5.4",
        .points = 4,
        .needs = {"Interrupts.FirstProgramHasABaseOfItsOwn"},
        .hint = "First SWAPGS, then RSP to its scratch word in the region, then the stack from rsp0"}) {
    start_rounds();
    const Registers call = at_call();
    Registers first;
    const Registers at = walk_to_function(system_call(kCall), [&](const Registers& now) {
        if (first.rip == 0) first = now;
        EXPECT_EQ(now.rflags & kIf, 0u) << name(now.rip) << ": IF is 1";
    });
    const TaskView task = running_task(call);
    if (at.gs_base == gs_base())
        hint("C++ runs with the program's GS: the way in of system calls lacks its SWAPGS");
    EXPECT_EQ(at.gs_base, region()) << "GS base";
    EXPECT_EQ(at.k_gs_base, gs_base()) << "what waits for the program";
    hint("RSP must come from rsp0 of the region's TSS before anything is pushed");
    EXPECT_TRUE(at.rsp < task.kstack_top && at.rsp > task.kstack_top - kernel_stack_size(machine()))
        << "RSP " << std::hex << at.rsp << ", the task's stack ends at " << task.kstack_top;
}

GRADED(
    Syscalls, FrameHoldsAllRegisters,
    {.title = "The frame at the top of the kernel stack holds all of the program's registers, RSP among them",
     .section = "5.4",
     .points = 6,
     .needs = {"Syscalls.EnterWithTheRegion"},
     .hint = "The order of the pushes is that of syscall_frame.h, from the last member to the first"}) {
    // From the top of the stack down.
    const std::vector<std::string> members = {"rsp", "rcx", "r11", "rax", "rbx", "rdx", "rsi", "rdi",
                                              "rbp", "r8",  "r9",  "r10", "r12", "r13", "r14", "r15"};
    start_rounds();
    const uint64_t flags = at_call().rflags;
    const Registers at = run_to(system_call(kCall), "the function of the system call");
    uint64_t slot = running_task(at).kstack_top;
    for (const std::string& member : members) {
        slot -= 8;
        uint64_t expected = secret(member);
        if (member == "rax") expected = kCall;
        if (member == "rcx") expected = in_program("paths_return");
        if (member == "r11") expected = flags;
        const uint64_t found = gdb().read_u64(slot);
        if (member == "rsp" && found != expected)
            hint(
                "The first word below rsp0 is the program's RSP: from the scratch word, where it was kept "
                "while "
                "RSP changed");
        EXPECT_EQ(found, expected) << member << ", at " << name(at.rip);
    }
}

GRADED(Syscalls, PassArgumentsAndNumber,
       {.title = "EAX chooses the function, and six arguments arrive",
        .section = "5.4",
        .points = 4,
        .needs = {"Syscalls.EnterWithTheRegion"},
        .hint = "The fourth argument comes in R10, and a function expects it in RCX"}) {
    start_rounds();
    const Registers at = at_function();
    for (const Argument& argument : kArguments) {
        if (std::string(argument.name) != "r10")
            hint("A register that holds an argument is used on the way in for something else");
        else
            hint("The fourth argument comes in R10, and a function expects it in RCX");
        EXPECT_EQ(at.*argument.in_function, secret(argument.name)) << argument.name;
    }
    if (HasFailure()) return;

    start_rounds();
    hint("The number is EAX: the upper half of RAX does not count");
    at_call();
    gdb().write_register("rax", secret("upper") << 32 | kCall);
    const uint64_t function = system_call(kCall);
    gdb().step();
    const Registers reached = walk("the function of the system call", [&](const Registers& now) {
        return now.rip == function || now.cpl() == 3;
    });
    EXPECT_EQ(reached.rip, function) << "RIP, with a number in EAX and more above it";
}

}  // namespace
