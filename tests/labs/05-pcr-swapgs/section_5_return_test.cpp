/// @file
/// System calls from C++ back to the program.
/// Checks docs/invariants/canonical-sysret.md.
#include <tests/labs/05-pcr-swapgs/children.h>
#include <tests/labs/05-pcr-swapgs/operands.h>
#include <tests/labs/05-pcr-swapgs/paths.h>
#include <tests/labs/05-pcr-swapgs/way_out.h>

namespace {

constexpr uint64_t kENOSYS = 38;
constexpr int kSIGSEGV = 11;
constexpr uint64_t exited(uint64_t status) {
    return status << 8;
}

class Return : public RoundTest {};

GRADED(Return, KeepsRegistersAndBases,
       {.title =
            "A program finds its registers, flags and bases again after system calls, faults and interrupts",
        .section = "5.5",
        .points = 5,
        .needs = {"Syscalls.FrameHoldsAllRegisters"},
        .hint = "The pops are the pushes in the opposite order, RSP comes last, and then SWAPGS"}) {
    constexpr uint64_t kRounds = 40;
    program().set("paths_rounds", kRounds);
    program().set("paths_spins", 4000);
    start_rounds("hz=5000");
    const Registers call = at_call();
    const uint64_t flags = call.rflags;
    run_to_return(run_to(system_call(kCall), "the function of the system call"));
    const Registers at = walk_to_ring3();
    if (at.gs_base == region()) hint("Ring 3 has the kernel's GS base: the way out lacks its SWAPGS");
    EXPECT_EQ(at.gs_base, gs_base()) << "GS base";
    EXPECT_EQ(at.k_gs_base, region()) << "what waits for the kernel";
    if (at.rsp != call.rsp) hint("RSP is one of the registers in the frame: it is popped last");
    EXPECT_EQ(at.rsp, call.rsp);
    Registers expected = call;
    hint("");
    expected.rip = expected.rcx = in_program("paths_return");
    expected.r11 = flags;
    expected.rax = at.rax;
    expected.gs_base = at.gs_base;
    expected.k_gs_base = at.k_gs_base;
    expected.rsp = at.rsp;
    EXPECT_EQ(harness::format_difference(expected, at), "") << "registers expected and found";
    if (HasFailure()) return;

    hint("A number from SYSCALL_COUNT on has no function: the result is -ENOSYS");
    at_call();
    gdb().write_register("rax", kernel("SYSCALL_COUNT"));
    EXPECT_EQ(
        run_to_program(in_program("paths_return"), "the return of a system call that does not exist").rax,
        -kENOSYS);
    if (HasFailure()) return;

    hint("Once is right, many times is not: what may interrupt a way in or out?");
    run_to_program(in_program("paths_done"), "the end of the program");
    EXPECT_EQ(gdb().read_u64(in_program("paths_bad")), 0u) << "differences that the program itself found";
    EXPECT_EQ(gdb().read_u64(in_program("paths_rounds_done")), kRounds);
}

GRADED(
    Return, NoInterruptComes,
    {.title = "No interrupt can come between the look for work and ring 3",
     .section = "5.5",
     .points = 6,
     .needs = {"Return.KeepsRegistersAndBases"},
     .hint =
         "Interrupts have to be off before the look for work, and so before RSP and GS are the program's"}) {
    start_rounds();
    at_way_out();
    hint("C++ may come back with interrupts on: turn them off (CLI) before GS or RSP is the program's");
    check_interrupts_off(*this, "the way out of a system call");
    if (HasFailure()) return;

    at_way_out();
    hint("Work that comes after the look and before CLI is overlooked: first CLI, then the look");
    EXPECT_TRUE(sees_late_work(*this)) << "the way out of a system call";
}

/// Every way in and out, by what it executes.
class EntryPaths : public RoundTest {
  protected:
    void visit_all(const Visit& visit) {
        run_to_program(in_program("paths_first_touch"), "the program's first touch of a page");
        run_to(read_gate(machine(), kPageFaultVector).offset, "the page fault's entry");
        const uint64_t dispatch = kernel("interrupt_dispatch");
        const Registers handler = walk(
            "the page fault's handler", [&](const Registers& at) { return at.rip == dispatch; }, visit);
        run_to_return(handler);
        walk_to_ring3(visit);
        at_call();
        const Registers function = walk_to_function(system_call(kCall), visit);
        run_to_return(function);
        walk_to_ring3(visit);
    }
};

GRADED(
    EntryPaths, NameNoVariable,
    {.title = "No instruction on the ways in and out names a variable",
     .section = "5.5",
     .points = 4,
     .needs = {"Return.KeepsRegistersAndBases"},
     .hint =
         "All that a way in needs is behind GS: what it names by its address all processors would share"}) {
    start_rounds();
    const Operands operands(options().kernel, machine().symbols());
    size_t visited = 0;
    visit_all([&](const Registers& at) {
        visited++;
        const std::string variable = operands.variable_named_at(at.rip);
        EXPECT_EQ(variable, "") << name(at.rip) << ": " << operands.text(at.rip);
    });
    EXPECT_GT(visited, 40u);
}

class Published : public ChildrenTest {};

GRADED(
    Published, RspOfAChild,
    {.title = "The child of a fork has its parent's RSP, that of a clone the one that it was given",
     .section = "5.2",
     .points = 4,
     .needs = {"Return.KeepsRegistersAndBases"},
     .hint = "RSP is in the frame: user_rsp_of_current() reads it there, set_user_rsp() writes it there"}) {
    start_children();
    std::optional<uint64_t> parent, child;
    const auto both_seen = [&](const Registers& at) {
        (at.rax == 0 ? child : parent) = at.rsp;
        return at.cpl() == 3 && parent && child;
    };
    hint(
        "user_rsp_of_current() is the RSP in the current task's frame, which ends at the top of its kernel "
        "stack");
    run_to(in_program("forked"), "the return of fork() in both processes", both_seen);
    EXPECT_EQ(*child, *parent) << "after fork()";

    start_children();
    hint(
        "set_user_rsp() writes into the frame that it is given: the child's. Does the way out take RSP from "
        "that frame? scratch_rsp may be another call's by then");
    const Registers at = run_to(in_program("cloned"), "the return of clone() in the child",
                                [](const Registers& now) { return now.cpl() == 3 && now.rax == 0; });
    EXPECT_EQ(at.rsp, secret_base("stack")) << "after clone()";
}

class Programs : public ChildrenTest {};

GRADED(
    Programs, KeepTheirBasesAndResults,
    {.title = "Two programs that take turns compute the right digests, each with bases of its own",
     .section = "5.5",
     .points = 3,
     .needs = {"Published.RspOfAChild"},
     .hint = "What belongs to one program has come to another: is all of a system call in its own frame?"}) {
    start_children();
    Registers at = run_to_program(in_program("child_done"), "the end of the first child's computation");
    EXPECT_EQ(variable("child_bad"), 0u) << "times that a base was another one";
    EXPECT_EQ(variable("child_digest"), grader::digest(secret("child_nonce"), kRounds));
    hint(
        "While a program runs, rsp0 and `current` must be its own: with every switch to it, not only the "
        "first");
    EXPECT_EQ(region_word("rsp0"), running_task(at).kstack_top);
    EXPECT_EQ(region_word("current"), running_task(at).address);
    hint("");
    finish();
    EXPECT_EQ(variable("parent_bad"), 0u) << "times that a base was another one";
    EXPECT_EQ(variable("parent_digest"), grader::digest(secret("parent_nonce"), kRounds));
    EXPECT_EQ(status_of(kComputing), exited(7));
    EXPECT_EQ(status_of(kCloned), exited(8));
    EXPECT_EQ(status_of(kVictim), exited(9));
}

class Sysret : public ChildrenTest {};

GRADED(Sysret, NeverToAnAddressThatIsNotCanonical,
       {.title = "With a return address that is not canonical neither SYSRET nor IRETQ is executed",
        .section = "5.5",
        .points = 3,
        .needs = {"Programs.KeepTheirBasesAndResults"},
        .hint = "RCX in the frame from 2^47 on: make_interrupt_frame() knows what to do with it"}) {
    for (const uint64_t address : {1ull << 47, 0xffff'7fff'ffff'ffffull}) {
        start_children();
        const Registers out = at_victims_way_out();
        gdb().write_u64(frame_slot(out, kRcxFromTop), address);
        const uint64_t seen = kernel("return_to_user_work");
        walk(
            "the program's end", [&](const Registers& at) { return at.rip == seen || at.cpl() == 3; },
            [&](const Registers& at) {
                const std::vector<uint8_t> code = gdb().read(at.rip, 3);
                if (is_sysret(code)) {
                    hint(
                        "SYSRET to an address that is not canonical faults in ring 0 with the program's RSP: "
                        "RCX in "
                        "the frame must be below 2^47");
                    EXPECT_NE(at.rcx, address) << "SYSRET";
                } else if (is_iret(code)) {
                    hint(
                        "make_interrupt_frame() leaves work behind for a program that can't go on: "
                        "interrupt_exit has "
                        "to look for it");
                    EXPECT_NE(gdb().read_u64(at.rsp), address) << "IRETQ";
                }
            });
        hint("make_interrupt_frame() ends a program with such an address by SIGSEGV");
        finish();
        EXPECT_EQ(status_of(kVictim), static_cast<uint64_t>(kSIGSEGV));
    }
}

GRADED(Sysret, NotForTfAndRf,
       {.title = "TF and RF are restored by IRETQ, with the instruction that follows",
        .section = "5.5",
        .points = 3,
        .needs = {"Programs.KeepTheirBasesAndResults"},
        .hint = "R11 in the frame with TF or RF: not by SYSRET"}) {
    const struct {
        uint64_t flag;
        const char* name;
        const char* cause;
    } flags[] = {{kRf, "RF", "RF in the frame's R11 needs IRETQ: SYSRET clears it"},
                 {kTf, "TF",
                  "TF in the frame's R11 needs IRETQ: with SYSRET the trap comes one instruction too early"}};
    for (const auto& tested : flags) {
        start_children();
        const Registers out = at_victims_way_out();
        const uint64_t slot = frame_slot(out, kR11FromTop);
        gdb().write_u64(slot, gdb().read_u64(slot) | tested.flag);
        hint(tested.cause);
        const Registers at = walk_to_ring3([&](const Registers& now) {
            EXPECT_FALSE(is_sysret(gdb().read(now.rip, 3)) && (now.r11 & (kTf | kRf)) != 0)
                << "SYSRET with " << tested.name << " in R11";
        });
        EXPECT_EQ(at.rip, in_program("victim_return"));
        EXPECT_NE(at.rflags & tested.flag, 0u) << tested.name << " in ring 3";
        EXPECT_EQ(at.gs_base, secret_base("parent_gs")) << "GS base in ring 3";
        if (HasFailure()) return;
    }
}

}  // namespace
