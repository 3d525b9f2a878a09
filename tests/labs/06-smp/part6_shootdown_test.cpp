/// @file
/// 6.6: what is taken away is gone on every processor.
#include <fmt/format.h>

#include <tests/labs/06-smp/smp_test_base.h>

namespace {

constexpr char kStandstill[] =
    "It comes to a standstill: is an answer awaited that does not come, is the asking processor asked "
    "itself, or does "
    "answering take a lock that is held?";

/// True for INVLPG and for a write to CR3, by which a processor forgets pages (Intel SDM 3A, 4.10.4.1).
bool forgets_pages(const std::vector<uint8_t>& code) {
    const size_t at = (code[0] & 0xf0) == 0x40 ? 1 : 0;  // REX
    const unsigned mod = code[at + 2] >> 6, reg = code[at + 2] >> 3 & 7;
    if (code[at] != 0x0f) return false;
    return (code[at + 1] == 0x01 && reg == 7 && mod != 3) || (code[at + 1] == 0x22 && reg == 3);
}

/// What the program is to do.
struct Shots {
    uint64_t users, rounds, protect, pages;
};

class Shootdown : public SmpTest {
  protected:
    static grader::Program shooter(const Shots& shots) {
        grader::Program program("grade/lab6_shoot");
        program.set("shoot_users", shots.users);
        program.set("shoot_rounds", shots.rounds);
        program.set("shoot_protect", shots.protect);
        program.set("shoot_pages", shots.pages);
        return program;
    }
    /// Runs it on three processors: everybody but init uses a page without pause.
    /// `stale` is the likely cause when a page was used too late.
    void check_shots(const Shots& shots, const std::string& stale = "") {
        const grader::Program program = shooter(shots);
        start_program(program, 3);
        hint(kStandstill);
        run_to_program(program.address("shoot_done"), harness::Duration(4'000));
        hint(stale);
        const uint64_t total = shots.users * shots.rounds;
        ASSERT_TRUE(variable(program, "shoot_stale") == 0 && variable(program, "shoot_killed") == total)
            << fmt::format(
                   "{} pages at once: of {} uses of a page that was gone, {} went well, {} were killed as "
                   "they must be, {} "
                   "ended otherwise",
                   shots.pages, total, variable(program, "shoot_stale"), variable(program, "shoot_killed"),
                   variable(program, "shoot_other"));
    }

    /// Starts it on two processors and goes to where init is about to take the only user's page away, and the
    /// other processor uses it. The number of init's processor, which is selected.
    unsigned go_to_shot(const grader::Program& program) {
        const uint64_t before = program.address("shoot_before");
        start_program(program, 2, "hz=20");
        for (int tries = 0; tries < 30; ++tries) {
            run_to_program(before);
            const auto processors = read_processors();
            const unsigned init = processors[0].registers.rip == before ? 0 : 1;
            const harness::Registers& other = processors[1 - init].registers;
            machine().gdb().select_cpu(init);
            if (other.cpl() == 3 && other.cr3 == processors[init].registers.cr3) return init;
        }
        throw std::runtime_error("The other processor is never in ring 3.");
    }
    /// Lets all go on: now the munmap() that was held up must return. A breakpoint is where it does.
    void expect_return(const grader::Program& program) {
        hint("When the other processor goes on, its answer must be noticed.");
        machine().gdb().resume();
        ASSERT_FALSE(machine().gdb().wait_stop(harness::Duration(2'000)).exited);
        ASSERT_EQ(machine().gdb().regs().rip, program.address("shoot_after"));
    }
    /// Lets one processor run alone. True when it comes to a breakpoint.
    bool comes_to_breakpoint(unsigned processor, harness::Duration limit = harness::Duration(200)) {
        harness::GdbStub& gdb = machine().gdb();
        gdb.resume_only(processor);
        try {
            if (gdb.wait_stop(limit).exited) throw harness::QemuGone("the machine ended");
            return true;
        } catch (const harness::Timeout&) {
            gdb.interrupt();
            return false;
        }
    }
};

GRADED(
    Shootdown, TakesPagesAway,
    {.title = "After munmap() no processor can read the page any more",
     .section = "6.6",
     .points = 4,
     .needs = {"Work.ReachesEveryProcessor", "Work.IsNeverDoneTwice"},
     .hint = "Each processor keeps translations of its own: all others must be asked to forget the pages."}) {
    check_shots({.users = 2, .rounds = 6, .protect = 0, .pages = 1});
    if (HasFatalFailure()) return;
    check_shots({.users = 2, .rounds = 4, .protect = 0, .pages = 5},
                "The request's range reaches from `start` to `end`: the last page of it is as far gone as "
                "the first.");
    if (HasFatalFailure()) return;
    check_shots({.users = 2, .rounds = 3, .protect = 0, .pages = 50},
                "The request's range reaches from `start` to `end`: the last page of it is as far gone as "
                "the first.");
}

GRADED(
    Shootdown, TakesRightsAway,
    {.title = "After mprotect() no processor can write to the page any more",
     .section = "6.6",
     .points = 3,
     .needs = {"Shootdown.TakesPagesAway"},
     .hint =
         "A processor that remembers a page as writable goes on writing: it must be asked to forget it."}) {
    check_shots({.users = 2, .rounds = 6, .protect = 1, .pages = 1});
    if (HasFatalFailure()) return;
    check_shots({.users = 2, .rounds = 3, .protect = 1, .pages = 7});
}

GRADED(Shootdown, WaitsForAnswers,
       {.title = "munmap() does not return before the other processor has answered",
        .section = "6.6",
        .points = 3,
        .needs = {"Shootdown.TakesPagesAway"},
        .hint = "The pages may serve somebody else as soon as flush_user_pages() returns: it must wait for "
                "every answer."}) {
    const grader::Program program = shooter({.users = 1, .rounds = 30, .protect = 0, .pages = 1});
    const unsigned asking = go_to_shot(program);
    harness::GdbStub& gdb = machine().gdb();
    gdb.insert_breakpoint(program.address("shoot_after"));
    // The other processor stands still: it can't answer.
    ASSERT_FALSE(comes_to_breakpoint(asking)) << "munmap() returned, though the other processor stood still";
    expect_return(program);
}

GRADED(Shootdown, AnswersWhenItHasForgotten,
       {.title = "A processor that is asked answers when it has forgotten the page, and not before",
        .section = "6.6",
        .points = 3,
        .needs = {"Shootdown.WaitsForAnswers"},
        .hint = "The bit is cleared last: as soon as it is clear the page may be somebody else's, and this "
                "processor can still use it."}) {
    const grader::Program program = shooter({.users = 1, .rounds = 30, .protect = 0, .pages = 1});
    const unsigned asking = go_to_shot(program);
    harness::GdbStub& gdb = machine().gdb();
    gdb.insert_breakpoint(program.address("shoot_after"));
    ASSERT_FALSE(comes_to_breakpoint(asking)) << "munmap() returned, though the other processor stood still";
    // The other one goes on, alone, up to the instruction by which it forgets the page.
    gdb.insert_breakpoint(symbol("serve_tlb_request"));
    ASSERT_TRUE(comes_to_breakpoint(1 - asking, harness::Duration(2'000)))
        << "the other processor does not come to serve_tlb_request()";
    gdb.remove_breakpoint(symbol("serve_tlb_request"));
    constexpr int kMostSteps = 1000;
    int steps = 0;
    while (steps < kMostSteps && !forgets_pages(gdb.read(gdb.regs().rip, 4))) {
        gdb.step();
        ++steps;
    }
    ASSERT_LT(steps, kMostSteps)
        << "the other processor forgets nothing: it comes to no INVLPG, nor to a new CR3";
    ASSERT_FALSE(comes_to_breakpoint(asking))
        << "munmap() returned, though the other processor had not forgotten the page yet";
    expect_return(program);
}

GRADED(Shootdown, ManyAtOnce,
       {.title =
            "Three processes of two threads map and unmap on four processors, and no request blocks another",
        .section = "6.6",
        .points = 3,
        .needs = {"Shootdown.TakesPagesAway"},
        .hint = kStandstill}) {
    constexpr uint64_t kProcesses = 3, kRounds = 30;
    grader::Program program("grade/lab6_many");
    program.set("many_nonce", grader::nonce());
    program.set("many_processes", kProcesses);
    program.set("many_rounds", kRounds);
    start_program(program, 4);
    run_to_program(program.address("many_done"), harness::Duration(5'000));
    hint(
        "Memory was not what its owner had put there: do requests get mixed up, or does the processor that "
        "asks keep its own translation?");
    ASSERT_EQ(variable(program, "many_ended"), kProcesses) << "processes that ended as they should";
    const auto carry = [](uint64_t value) {
        for (uint64_t round = 0; round < kRounds; ++round)
            for (uint64_t pages = 1 + value % 3; pages > 0; --pages) value = grader::digest(value, 1);
        return value;
    };
    for (uint64_t process = 0; process < kProcesses; ++process) {
        const uint64_t nonce = grader::nonce() + 2 * process;
        ASSERT_EQ(machine().gdb().read_u64(program.address("many_digests") + 8 * process),
                  carry(nonce) ^ grader::digest(carry(nonce + 1), 1))
            << "result of process " << process;
    }
}

}  // namespace
