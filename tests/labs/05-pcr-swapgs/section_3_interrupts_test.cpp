/// @file
/// Interrupts and exceptions: GS in their handlers, and afterwards.
/// Checks docs/invariants/swapgs-parity.md.
#include <fmt/format.h>

#include <tests/labs/05-pcr-swapgs/paths.h>
#include <tests/labs/05-pcr-swapgs/way_out.h>

namespace {

const std::vector<std::string> kBasis = {"Published.KernelStack", "Published.CurrentTask"};

/// Few ticks: what a program does first shall not be interrupted by one.
const std::string kFewTicks = "hz=10";

class Interrupts : public RoundTest {
  protected:
    /// A program that counts for ever, without system calls, with bases of its own.
    void start_counting() {
        program().set("paths_first_spins", 1ull << 60);
        start_rounds(kFewTicks);
    }
    /// To the handler of the page fault in ring 3 that comes before all system calls.
    Handler at_page_fault() {
        run_to_program(in_program("paths_first_touch"), "the program's first touch of a page");
        return run_to_handler(kPageFaultVector, true);
    }
    /// To the handler of a timer's interrupt of the program.
    Handler at_timer() {
        run_to_program(in_program("paths_first_spin"), "the program's loop");
        return run_to_handler(kTimerVector, true);
    }
    void check_handler(const Handler& handler, const std::string& what) {
        if (handler.at.gs_base == gs_base())
            hint("The handler runs with the program's GS: the way in of interrupts lacks its SWAPGS");
        EXPECT_EQ(handler.at.gs_base, region()) << what << ": GS base in the handler";
        EXPECT_EQ(handler.at.k_gs_base, gs_base()) << what << ": what waits for the program";
    }
    void check_program(const Registers& at, uint64_t base, const std::string& what) {
        if (at.gs_base == region())
            hint("Ring 3 has the kernel's GS base: the way out of interrupts lacks its SWAPGS");
        EXPECT_EQ(at.gs_base, base) << what << ": GS base in ring 3";
        EXPECT_EQ(at.k_gs_base, region()) << what << ": what waits for the kernel";
    }
};

GRADED(Interrupts, OfRing0ChangeNothing,
       {.title = "An interrupt of ring 0 leaves GS alone, on the way in and on the way out",
        .section = "5.3",
        .points = 2,
        .needs = {"Region.GsLeadsToIt", "Region.KnowsItsOwnAddress", "Region.HoldsTheGdtInForce"},
        .hint = "CS in the frame tells who was interrupted: for ring 0 there is nothing to exchange"}) {
    start_rounds();
    // The first of all: no program runs yet.
    const Handler handler = run_to_handler(kTimerVector, false);
    hint("The way in exchanges GS although ring 0 was interrupted: which ring does CS in the frame name?");
    EXPECT_EQ(handler.at.gs_base, region()) << "GS base in the handler";
    run_to_return(handler.at);
    hint("The way out exchanges GS although it goes back to ring 0");
    const Registers at = walk("the interrupted instruction of the kernel",
                              [&](const Registers& now) { return now.rip == handler.rip; });
    EXPECT_EQ(at.gs_base, region()) << "GS base afterwards";
}

GRADED(Interrupts, FirstProgramHasABaseOfItsOwn,
       {.title = "A program starts with a GS base of 0, while the region waits in KERNEL_GS_BASE",
        .section = "5.3",
        .points = 3,
        .needs = kBasis,
        .hint = "Programs that never ran start at interrupt_exit: SWAPGS belongs there, for ring 3"}) {
    start_rounds(kFewTicks);
    const Registers at = run_to_program(in_program("_start"), "the first program's first instruction");
    check_program(at, 0, "the first instruction");
}

GRADED(Interrupts, HandlersHaveTheRegion,
       {.title = "Handlers of a program's exceptions and interrupts run with GS at the region",
        .section = "5.3",
        .points = 4,
        .needs = {"Interrupts.FirstProgramHasABaseOfItsOwn"},
        .hint = "SWAPGS on the way in exactly when CS in the frame says ring 3"}) {
    start_counting();
    // Whichever comes first is looked at: a kernel that is wrong does not survive it.
    bool fault = false, tick = false;
    while (!fault || !tick) {
        const Handler handler = run_to_handler({}, true);
        check_handler(handler, fmt::format("interrupt {}", handler.vector));
        if (HasFailure()) return;
        fault = fault || handler.vector == kPageFaultVector;
        tick = tick || handler.vector == kTimerVector;
    }
}

GRADED(Interrupts, ProgramsGetTheirBaseBack,
       {.title = "After an exception and after the timer a program has its own GS base",
        .section = "5.3",
        .points = 4,
        .needs = {"Interrupts.HandlersHaveTheRegion"},
        .hint = "SWAPGS on the way out exactly when CS in the frame says ring 3"}) {
    start_counting();
    Handler handler = at_page_fault();
    run_to_return(handler.at);
    Registers at = walk_to_ring3();
    check_program(at, gs_base(), "page fault");
    EXPECT_EQ(at.rip, in_program("paths_first_touch"));
    if (HasFailure()) return;
    handler = at_timer();
    at = run_to_program(handler.rip, "the interrupted instruction of the program");
    check_program(at, gs_base(), "timer");
}

GRADED(Interrupts, NoneComesOnTheWayOut,
       {.title = "No interrupt can come between the look for work and ring 3",
        .section = "5.3",
        .points = 3,
        .needs = {"Interrupts.ProgramsGetTheirBaseBack"},
        .hint = "Interrupts have to be off before the look for work, and so before SWAPGS"}) {
    start_counting();
    const Handler handler = at_page_fault();
    run_to_return(handler.at);
    hint("C++ may come back with interrupts on: turn them off (CLI) before GS is the program's");
    check_interrupts_off(*this, "a page fault's way out");
    if (HasFailure()) return;

    start_counting();
    const Handler second = at_page_fault();
    run_to_return(second.at);
    hint("Work that comes after the look and before CLI is overlooked: first CLI, then the look");
    EXPECT_TRUE(sees_late_work(*this)) << "a page fault's way out";
}

}  // namespace
