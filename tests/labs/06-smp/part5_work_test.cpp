/// @file
/// 6.5: work gets to every processor, and each piece of it to one only.
#include <fmt/format.h>

#include <map>
#include <set>
#include <thread>

#include <tests/labs/06-smp/smp_test_base.h>

namespace {

constexpr uint64_t kWorkers = 8;

class Work : public SmpTest {
  protected:
    grader::Program workers(uint64_t rounds) {
        grader::Program program("grade/lab6_work");
        program.set("work_nonce", grader::nonce());
        program.set("work_workers", kWorkers);
        program.set("work_rounds", rounds);
        return program;
    }
    /// Init stands at its end.
    void check_results(const grader::Program& program, uint64_t rounds) {
        hint(
            "A program computes something else than its numbers say: was a task on two processors at once, "
            "or its stack still in use?");
        ASSERT_EQ(variable(program, "work_ended"), kWorkers) << "workers that ended as they should";
        for (uint64_t worker = 0; worker < kWorkers; ++worker)
            ASSERT_EQ(machine().gdb().read_u64(program.address("work_digests") + 8 * worker),
                      grader::digest(grader::nonce() + worker, rounds))
                << "result of worker " << worker;
    }
};

GRADED(Work, IsSharedEvenly,
       {.title = "Of two programs and three processors two are at work, and the third one sleeps",
        .section = "6.5",
        .points = 5,
        .needs = {"Processors.HaveRegionsOfTheirOwn", "Processors.HaveTablesOfTheirOwn",
                  "Processors.AreSetUpAlike", "Processors.HaveTimers"},
        .hint = "A processor with an empty queue takes a waiting task from the longest queue, and puts it "
                "into its own."}) {
    const grader::Program program("grade/lab6_two");
    harness::GdbStub& gdb = start_program(program, 3);
    run_to_program(program.address("two_forked"));
    constexpr int kSamples = 20, kMost = 14;
    int at_work = 0, asleep = 0, same = 0;
    // At first they have to get there.
    for (int sample = -10; sample < kSamples; ++sample) {
        gdb.resume();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (gdb.interrupt().exited) throw harness::QemuGone("the machine ended");
        if (sample < 0) continue;
        std::set<uint64_t> spaces;
        int in_ring_3 = 0;
        for (const ProcessorView& each : read_processors()) {
            asleep += each.halted;
            if (each.registers.cpl() != 3) continue;
            ++in_ring_3;
            spaces.insert(each.registers.cr3);
        }
        at_work += in_ring_3 == 2;
        same += in_ring_3 > static_cast<int>(spaces.size());
    }
    const std::string found =
        fmt::format("of {} looks: two processors in ring 3 {} times, a processor asleep {} times", kSamples,
                    at_work, asleep);
    hint("A task whose `running` is not 0 is on a processor, or its stack still is: it can't be taken.");
    ASSERT_EQ(same, 0) << "times that two processors ran the same program; " << found;
    hint(
        "One task here and none there is as even as it gets. A queue counts only if it is longer by at least "
        "two, its length is "
        "that of what is left in it, and what is taken goes into the own queue.");
    ASSERT_GE(asleep, kMost) << found;
    hint("");
    ASSERT_GE(at_work, kMost) << found;
}

GRADED(Work, ReachesEveryProcessor,
       {.title = "Eight programs run in ring 3 on all of four processors, and compute what they should",
        .section = "6.5",
        .points = 5,
        .needs = {"Work.IsSharedEvenly"},
        .hint = "A processor with an empty queue takes a waiting task from the longest queue."}) {
    constexpr uint64_t kRounds = 32 * 30'000;
    const grader::Program program = workers(kRounds);
    start_program(program, 4);
    hint(
        "The programs don't come to their end: is a task lost, or on two processors, when it changes "
        "queues?");
    run_to_program(program.address("work_done"), harness::Duration(4'000));
    check_results(program, kRounds);
    if (HasFatalFailure()) return;
    // Who was in ring 3, by its task register, which only the kernel can load.
    std::map<uint64_t, int> interrupted;
    for (const harness::IntEntry& entry : machine().int_log().entries())
        if (entry.cpl == 3 && entry.tr_base) ++interrupted[*entry.tr_base];
    hint("");
    const auto processors = read_processors();
    for (unsigned i = 0; i < processors.size(); ++i)
        ASSERT_GE(interrupted[processors[i].tss], 3)
            << "interrupts that processor " << i << " took in ring 3";
}

GRADED(Work, IsNeverDoneTwice,
       {.title = "No task is on two processors at once",
        .section = "6.5",
        .points = 4,
        .needs = {"Work.ReachesEveryProcessor"},
        .hint =
            "A task whose `running` is not 0 is on a processor, or its stack still is: it can't be taken."}) {
    constexpr uint64_t kRounds = 32 * 20'000;
    const grader::Program program = workers(kRounds);
    harness::GdbStub& gdb = start_program(program, 4);
    const uint64_t stack_size = symbol("KERNEL_STACK_SIZE");
    const uint64_t done = program.address("work_done");
    gdb.insert_breakpoint(done);
    bool ended = false;
    for (int sample = 0; sample < 400 && !ended; ++sample) {
        gdb.resume();
        harness::Stop stop;
        try {
            stop = gdb.wait_stop(harness::Duration(15));
        } catch (const harness::Timeout&) {
            stop = gdb.interrupt();
        }
        if (stop.exited) throw harness::QemuGone("the machine ended");
        const auto processors = read_processors();
        std::map<uint64_t, unsigned> stacks, tasks;
        for (unsigned i = 0; i < processors.size(); ++i) {
            const ProcessorView& each = processors[i];
            if (each.registers.cs != 0x10 && each.registers.cs != 0x33) continue;  // not started yet
            if (each.registers.cpl() == 0 && each.registers.rsp >> 63) {
                const auto [other, first] = stacks.emplace(each.registers.rsp & ~(stack_size - 1), i);
                ASSERT_TRUE(first) << fmt::format("processors {} and {} are on the same kernel stack",
                                                  other->second, i);
            }
            if (each.registers.cpl() == 3) {
                const auto [other, first] = tasks.emplace(read_region(each.region()).current, i);
                ASSERT_TRUE(first) << fmt::format("processors {} and {} run the same task", other->second, i);
            }
            ended = ended || (each.registers.cs == 0x33 && each.registers.rip == done);
        }
    }
    hint("The programs don't come to their end: is a task lost when it changes queues?");
    ASSERT_TRUE(ended);
    gdb.select_cpu(0);
    const auto processors = read_processors();
    for (unsigned i = 0; i < processors.size(); ++i)
        if (processors[i].registers.rip == done) gdb.select_cpu(i);
    check_results(program, kRounds);
}

GRADED(Work, WakesASleepingProcessor,
       {.title = "A processor that sleeps is waked for new work, and does not wait for its next tick",
        .section = "6.5",
        .points = 4,
        .needs = {"Work.ReachesEveryProcessor"},
        .hint = "wake_if_idle() interrupts a processor whose bit is set in idle_processors, by "
                "kRescheduleVector."}) {
    constexpr uint64_t kRounds = 10;
    grader::Program program("grade/lab6_wake");
    program.set("wake_rounds", kRounds);
    program.set("wake_limit", 20'000);
    // Ticks are 100 ms apart, and a turn takes less than a microsecond of the guest's time.
    start_program(program, 2, "hz=10", 4);
    run_to_program(program.address("wake_done"), harness::Duration(5'000));
    ASSERT_EQ(variable(program, "wake_over"), kRounds);
    ASSERT_EQ(variable(program, "wake_late"), 0u)
        << fmt::format("times of {} that the child was late; the longest wait took {} turns", kRounds,
                       variable(program, "wake_longest"));
}

}  // namespace
