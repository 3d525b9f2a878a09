/// @file
/// 3.1: klogd, followed from stop to stop.
#include <tests/labs/03-globals-bug/lab3.h>

#include <tests/system/bug_run.h>
#include <tests/system/quiet_run.h>

namespace {

using lab3::kIf;

/// One thing that klogd did.
struct Act {
    enum Kind { kTake, kSend, kSchedule } kind;
    bool interrupts;    ///< IF at that moment
    bool some = false;  ///< kTake: there was a byte
    uint8_t byte = 0;   ///< the byte that was taken, or is to be sent
};

class Klogd : public lab3::Lab3Test {
  protected:
    /// Follows klogd for so many calls of schedule(), in a kernel that does not panic meanwhile. The guest
    /// stands at the beginning of schedule() then.
    std::vector<Act> follow(int rounds) {
        start_without_bug(options());
        lab3::run_to_any(machine(), {symbol("idle_loop")});
        // The boot task, whose stack this is, becomes klogd.
        const TaskView klogd = task_of_stack(machine(), gdb().regs().rsp).value();
        const uint64_t take = symbol("console_take"), send = symbol("serial_put"),
                       schedule = symbol("schedule");

        // They stay, for each change costs QEMU the code that it has translated.
        for (const uint64_t address : {take, send, schedule}) gdb().insert_breakpoint(address);
        std::vector<Act> acts;
        constexpr int kMaximumStops = 1000;
        for (int stops = 0, seen = 0; seen < rounds; ++stops) {
            if (stops == kMaximumStops) {
                hint("klogd must call schedule() whenever the ring is empty: else nobody else ever runs.");
                ADD_FAILURE() << "klogd calls schedule() too seldom.";
                break;
            }
            const harness::Registers registers = next_stop();
            const uint64_t at = registers.rip;
            if (registers.rsp <= klogd.kstack_top - kernel_stack_size(machine()) ||
                registers.rsp > klogd.kstack_top)
                continue;
            Act act{.kind = at == take   ? Act::kTake
                            : at == send ? Act::kSend
                                         : Act::kSchedule,
                    .interrupts = (registers.rflags & kIf) != 0};
            if (act.kind == Act::kTake) {
                gdb().step();
                gdb().run_to(gdb().read_u64(registers.rsp), lab3::kStopLimit);
                act.some = (gdb().regs().rax & 0xff) != 0;
                act.byte = gdb().read_u8(registers.rdi);
            } else if (act.kind == Act::kSend) {
                act.byte = static_cast<uint8_t>(registers.rdi);
            } else {
                ++seen;
            }
            acts.push_back(act);
        }
        gdb().remove_all();
        return acts;
    }

    /// Lets the guest run on for a while. How often the task was switched from tick to tick.
    uint64_t switches_per_tick() {
        const auto ticks = [this] { return machine().int_log().with_vector(lab3::kTimerVector).size(); };
        const uint64_t switches = kernel_value(machine(), "context_switch_count");
        const size_t before = ticks();
        gdb().resume();
        let_run(machine(), harness::Duration(100));
        gdb().interrupt();
        return (kernel_value(machine(), "context_switch_count") - switches) / (ticks() - before + 1);
    }

  private:
    harness::Registers next_stop() {
        hint("klogd must call schedule() whenever the ring is empty: else nobody else ever runs.");
        gdb().step();
        gdb().resume();
        gdb().wait_stop(lab3::kStopLimit);
        hint("");
        return gdb().regs();
    }
};

GRADED(
    Klogd, CallsScheduleWithInterruptsOn,
    {.title = "klogd calls schedule() with interrupts on, whoever ran before it",
     .section = "3.1",
     .points = 6,
     .hint = "Nothing in this kernel gives klogd its RFLAGS back: what is IF when schedule() returns from a "
             "task that ran with IF=0?"}) {
    constexpr int kRounds = 12;
    int with = 0, without = 0;
    for (const Act& act : follow(kRounds))
        if (act.kind == Act::kSchedule) ++(act.interrupts ? with : without);
    if (with == 0 && without > 0)
        hint(
            "IF is never 1 in klogd: it must turn interrupts on, and have them on when it calls schedule().");
    EXPECT_EQ(without, 0) << "Of " << with + without << " calls of schedule() " << without << " had IF=0.";
}

GRADED(Klogd, TakesBytesWithInterruptsOff,
       {.title = "klogd takes a byte from the ring with interrupts off",
        .section = "3.1",
        .points = 3,
        .needs = {"Klogd.CallsScheduleWithInterruptsOn"},
        .hint = "Interrupts must be off around console_take(), from before the call."}) {
    int takes = 0;
    for (const Act& act : follow(5)) {
        if (act.kind != Act::kTake) continue;
        ++takes;
        EXPECT_FALSE(act.interrupts) << "console_take() was called with IF=1, the " << takes << "th time.";
        if (act.interrupts) return;
    }
    EXPECT_GT(takes, 5) << "klogd takes next to nothing from the ring.";
}

GRADED(Klogd, SendsEverythingItTakes,
       {.title = "klogd sends what it takes, with interrupts on, until the ring is empty, and never sleeps",
        .section = "3.1",
        .points = 4,
        .needs = {"Klogd.CallsScheduleWithInterruptsOn"},
        .hint = "Each byte that console_take() gives goes to serial_put(), in the same order."}) {
    constexpr int kRounds = 16;
    std::vector<uint8_t> taken, sent;
    bool empty = false;
    for (const Act& act : follow(kRounds)) {
        if (act.kind == Act::kTake) {
            empty = !act.some;
            if (act.some) taken.push_back(act.byte);
        } else if (act.kind == Act::kSend) {
            sent.push_back(act.byte);
            hint("The UART is slow: turn interrupts on again before serial_put().");
            ASSERT_TRUE(act.interrupts) << "serial_put() was called with IF=0.";
        } else {
            hint("One byte a round is not enough: the ring must be found empty before schedule() is called.");
            ASSERT_TRUE(empty) << "klogd called schedule() while there was more to send.";
            hint("");
            ASSERT_EQ(sent, taken) << "What was sent is not what was taken.";
        }
    }
    EXPECT_GT(taken.size(), 20u) << "klogd takes next to nothing from the ring.";
    hint(
        "klogd must not wait for interrupts, as the idle task of the other chapters does: it calls "
        "schedule() again.");
    EXPECT_GT(switches_per_tick(), 20u) << "The processor rests most of the time.";
}

}  // namespace
