/// @file
/// NMI, #DB, #MC and #DF wherever they may hit.
/// Checks docs/invariants/swapgs-parity.md.
#include <tests/labs/05-pcr-swapgs/children.h>
#include <tests/labs/05-pcr-swapgs/paths.h>

namespace {

const std::vector<std::string> kBasis = {"Return.KeepsRegistersAndBases"};

class Untrusted : public RoundTest {
  protected:
    /// Goes to the last instruction in ring 0 of the way out that the guest stands at the beginning of.
    Registers to_last_instruction() {
        return walk("the last instruction of ring 0", [&](const Registers& at) {
            return at.cpl() == 3 || is_return_to_program(gdb().read(at.rip, 3));
        });
    }
    /// To the entry of the page fault in ring 3 that comes before all system calls.
    void to_page_fault() {
        run_to_program(in_program("paths_first_touch"), "the program's first touch of a page");
        run_to(read_gate(machine(), kPageFaultVector).offset, "the page fault's entry");
    }
    /// To the first instruction of SYSCALL's way in.
    void to_syscall_entry() {
        at_call();
        gdb().step();
    }
};

GRADED(
    Untrusted, NmiBeforeSwapgs,
    {.title = "An NMI between a way's SWAPGS and ring 3 runs with GS at the region and leaves GS as it was",
     .section = "5.6",
     .points = 4,
     .needs = kBasis,
     .hint =
         "CS says ring 0, and GS is the program's: the region's address is at the top of the NMI's stack"}) {
    start_rounds();
    to_page_fault();
    check_nmi("first instruction of a page fault's entry");
    if (HasFailure()) return;
    to_syscall_entry();
    check_nmi("first instruction of a system call's way in");
    if (HasFailure()) return;
    at_way_out();
    to_last_instruction();
    check_nmi("last instruction of a system call's way out");
    if (HasFailure()) return;
    // WRGSBASE lets a program choose any canonical base.
    hint(
        "A program may give its GS base any value (WRGSBASE), those of the kernel's half, too: its sign says "
        "nothing");
    set_gs_base(0xffff'8000'0000'0000 | secret_base("high"));
    start_rounds();
    to_page_fault();
    check_nmi("first instruction of a page fault's entry, with a GS base in the kernel's half");
}

GRADED(Untrusted, DebugMachineCheckAndDoubleFault,
       {.title = "#DB, #MC and #DF before SWAPGS run with GS at the region, too, and leave GS as it was",
        .section = "5.6",
        .points = 3,
        .needs = kBasis,
        .hint = "All four entries come to ist_entry: each finds the region at the top of the stack that it "
                "came on"}) {
    struct {
        unsigned vector;
        bool has_error_code;
        const char* name;
    } const exceptions[] = {
        {kDebugVector, false, "#DB"}, {kMachineCheckVector, false, "#MC"}, {kDoubleFaultVector, true, "#DF"}};
    start_rounds();
    to_syscall_entry();
    for (const auto& exception : exceptions) {
        check_exception(exception.vector, exception.has_error_code,
                        std::string(exception.name) + " at the first instruction of a system call's way in");
        if (HasFailure()) return;
    }
    at_way_out();
    to_last_instruction();
    for (const auto& exception : exceptions) {
        check_exception(exception.vector, exception.has_error_code,
                        std::string(exception.name) + " at the last instruction of a system call's way out");
        if (HasFailure()) return;
    }
}

GRADED(Untrusted, NmiAtEveryInstruction,
       {.title = "An NMI at any instruction of any way in or out changes nothing",
        .section = "5.6",
        .points = 4,
        .needs = {"Untrusted.NmiBeforeSwapgs"},
        .hint = "All registers, and both bases, must be what they were when the NMI came"}) {
    start_rounds();
    const Visit nmi = [&](const Registers& at) { check_nmi(name(at.rip)); };
    const auto handler_reached = [&](const Registers& at) { return at.rip == kernel("interrupt_dispatch"); };
    to_page_fault();
    run_to_return(walk("the page fault's handler", handler_reached, nmi));
    walk_to_ring3(nmi);
    at_call();
    run_to_return(walk_to_function(system_call(kCall), nmi));
    walk_to_ring3(nmi);
    // A page fault of the kernel's own, on a program's behalf.
    run_to_program(in_program("paths_copy"), "the system call that writes into a page that is not there");
    const Handler fault = run_to_handler(kPageFaultVector, false);
    run_to_return(fault.at);
    walk(
        "the interrupted instruction of the kernel", [&](const Registers& at) { return at.rip == fault.rip; },
        nmi);
    // Out of a system call by IRETQ.
    const Registers out = at_way_out();
    const uint64_t flags = running_task(out).kstack_top - 24;
    gdb().write_u64(flags, gdb().read_u64(flags) | kRf);
    walk_to_ring3(nmi);
    check_nmi("ring 3");
}

class FromRing3 : public ChildrenTest {};

GRADED(FromRing3, LikeAnyOtherInterrupt,
       {.title = "From ring 3 they are handled like any other interrupt, on the task's kernel stack",
        .section = "5.6",
        .points = 3,
        .needs = kBasis,
        .hint = "From ring 3 there is no doubt about GS: SWAPGS before any C++, then move_to_task_stack() "
                "and interrupt_call"}) {
    constexpr uint64_t kSIGTRAP = 5;
    step_child();
    start_children();
    run_to_program(in_program("victim_call"), "the fourth child's system call");
    check_nmi("ring 3");
    if (HasFailure()) return;
    finish();
    EXPECT_EQ(status_of(kStepped), kSIGTRAP) << "of the child that steps itself";
    const std::vector<harness::IntEntry> traps = machine().int_log().with_vector(kDebugVector);
    ASSERT_EQ(traps.size(), 1u) << format_entries(traps);
    EXPECT_EQ(traps[0].cpl, 3u);
    EXPECT_EQ(traps[0].rip, in_program("tf_trap"));
}

}  // namespace
