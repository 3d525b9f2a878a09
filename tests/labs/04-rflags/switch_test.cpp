/// @file
/// One switch under the magnifying glass: what is in force at each of its instructions, and what a task finds
/// when it comes back.
/// Checks docs/invariants/rflags-at-switches.md.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include <tests/grader/graded_test.h>
#include <tests/labs/04-rflags/switches.h>
#include <tests/system/kernel_view.h>

using harness::Registers;

namespace {

const char kBoots[] = "Context.IsWhatTheSwitchTakesOffTheStack";
/// Where the shell waits for its first key: in chapter 3 no panic can have come yet.
constexpr char kFirstRead[] = "tty_wait_for_input";
/// The likely cause when a task comes back with another interrupt flag than it called with.
constexpr char kWhichIF[] =
    "Which value of IF is saved, if any is: the one at the call, or one that the switch itself has made?";
/// The address of no stack.
constexpr uint64_t kNowhere = 0x0bad'57ac'e000;

class Switch : public grader::GradedTest {
  protected:
    using Plant = std::function<void(SwitchWatch&)>;
    using Judge = std::function<void(SwitchWatch&, const Registers& now)>;

    /// A machine stopped where the shell waits for the first time, with few ticks.
    void start_at_first_read() {
        start(paused(options("hz=10")));
        machine().gdb().run_to(machine().symbols().value(kFirstRead), harness::Duration(1500));
    }

    /// Goes to a switch between known tasks for which `wanted` holds.
    void find_call(SwitchWatch& watch, const std::function<bool()>& wanted) {
        for (int i = 0; i < 40; ++i) {
            watch.next_call_to_known();
            if (wanted()) return;
        }
        throw std::runtime_error("No such switch comes.");
    }

    /// Follows switches until a failure, at most `switches`. Before each `plant` may do something to the
    /// caller; `judge` sees the registers of the one that has come back.
    void follow(int switches, const Plant& plant, const Judge& judge) {
        start_at_first_read();
        SwitchWatch watch(machine());
        for (int i = 0; i < switches && !HasFailure(); ++i) {
            watch.next_call_to_known();
            plant(watch);
            judge(watch, watch.arrive());
        }
    }

    /// follow(), with `flags` planted in callers. With the round of three tasks that there is, and with one
    /// of two, each meets some that have them and some that don't.
    void follow_flags(uint64_t flags, const Judge& judge) {
        int call = 0;
        follow(
            24,
            [&call, flags](SwitchWatch& watch) {
                if (call++ % 4 < 2) watch.plant_flags(flags);
            },
            judge);
    }

    /// True when a word that `task`, which is known, has left on its stack has the modes of its call.
    bool has_saved_modes(SwitchWatch& watch, uint64_t task) {
        const Registers& call = watch.departure(task);
        constexpr uint64_t kMost = 16 * 8;  // bytes: more than any switch saves
        for (uint64_t at = std::max(watch.member(task, "rsp"), call.rsp - kMost); at < call.rsp; at += 8) {
            const uint64_t word = machine().gdb().read_u64(at);
            if (word < 1 << 22 && (word & kModes) == (call.rflags & kModes)) return true;
        }
        return false;
    }

    std::string name_of(uint64_t task) {
        for (const TaskView& view : read_tasks(machine()))
            if (view.address == task) return view.name;
        return fmt::format("the task at {:#x}", task);
    }

    std::string place(SwitchWatch& watch, const Registers& now) {
        const auto owner = task_of_stack(machine(), now.rsp);
        return fmt::format("before {}, between {} and {}, on {}'s stack: IF=1",
                           machine().symbols().describe(now.rip), name_of(watch.prev()),
                           name_of(watch.next()), owner ? owner->name : "nobody");
    }
};

GRADED(
    Switch, LetsNoInterruptInHalfway,
    {.title = "Interrupts are off from the store of prev's stack pointer until next is complete",
     .section = "4.1",
     .points = 12,
     .needs = {kBoots},
     .hint = "klogd calls with IF=1. Is IF cleared before prev's stack pointer is stored, and does it stay "
             "clear while stack, page tables and registers change hands?"}) {
    start_at_first_read();
    SwitchWatch watch(machine());
    for (int i = 0; i < 3 && !HasFailure(); ++i) {
        find_call(watch, [&] { return (watch.leaving().rflags & kIF) != 0; });
        const uint64_t prev = watch.prev(), next = watch.next();
        const Registers leaving = watch.leaving();
        const uint64_t stack_mask = ~(kernel_stack_size(machine()) - 1);
        machine().gdb().write_u64(prev + machine().symbols().value("OFFSETOF_Task_rsp"), kNowhere);
        std::string open;
        const bool arrived = watch.walk([&](const Registers& now) {
            if (!open.empty() || watch.has_arrived(now) || !(now.rflags & kIF)) return;
            const bool stored = watch.member(prev, "rsp") != kNowhere;
            const bool left = ((now.rsp ^ leaving.rsp) & stack_mask) != 0 || now.cr3 != leaving.cr3;
            if ((stored || left) && !watch.is_ready_to_return(now, next)) open = place(watch, now);
        });
        EXPECT_EQ(open, "");
        EXPECT_TRUE(arrived) << name_of(next) << " does not go on where it left";
        EXPECT_NE(watch.member(prev, "rsp"), kNowhere) << "prev's stack pointer was not stored";
    }
}

GRADED(Switch, GivesTheFlagsBackLast,
       {.title = "klogd gets interrupts on again, and only when nothing but the return is left",
        .section = "4.2",
        .points = 8,
        .needs = {kBoots},
        .hint = "When do next's flags take effect? Not before its registers are back, or the tick that has "
                "waited comes in the middle of them; and not later than the return."}) {
    start_at_first_read();
    SwitchWatch watch(machine());
    for (int i = 0; i < 3 && !HasFailure(); ++i) {
        find_call(watch, [&] { return (watch.departure(watch.next()).rflags & kIF) != 0; });
        const uint64_t next = watch.next();
        const uint64_t stack_mask = ~(kernel_stack_size(machine()) - 1);
        const uint64_t next_stack = watch.departure(next).rsp & stack_mask;
        const bool saved = has_saved_modes(watch, next);
        std::string early;
        Registers last;
        const bool arrived = watch.walk([&](const Registers& now) {
            last = now;
            if (!early.empty() || watch.has_arrived(now) || !(now.rflags & kIF)) return;
            if ((now.rsp & stack_mask) == next_stack && !watch.is_ready_to_return(now, next))
                early = place(watch, now);
        });
        EXPECT_EQ(early, "");
        ASSERT_TRUE(arrived) << name_of(next) << " does not go on where it left";
        EXPECT_EQ(watch.difference(last, next), "") << name_of(next) << " has come back";
        hint(
            saved
                ? "Does anything put the flags that next has saved back into the register, before the return?"
                : kWhichIF);
        EXPECT_NE(last.rflags & kIF, 0u) << name_of(next) << " called with IF=1 and came back with IF=0";
        hint("");
    }
}

GRADED(Switch, InterruptFlagIsTheTasksOwn,
       {.title = "Each task comes back with the interrupt flag with which it called",
        .section = "4.1",
        .points = 8,
        .needs = {kBoots},
        .hint = kWhichIF}) {
    int on = 0, off = 0;
    follow(
        45, [](SwitchWatch&) {},
        [&](SwitchWatch& watch, const Registers& now) {
            const uint64_t own = watch.departure(watch.next()).rflags;
            EXPECT_EQ(flag_names(now.rflags & kIF), flag_names(own & kIF))
                << name_of(watch.next()) << " comes back, " << name_of(watch.prev()) << " left with "
                << flag_names(watch.leaving().rflags);
            ++((own & kIF) ? on : off);
        });
    if (HasFailure()) return;
    EXPECT_GE(on, 5) << "times that a task with IF=1 came back";
    EXPECT_GE(off, 5) << "times that a task with IF=0 came back";
}

// Not before that one: as long as a tick can come into a switch, a task may lose anything.
GRADED(
    Switch, KeepsTheRegistersOfACall,
    {.title = "A task finds its stack, its page tables and RBX, RBP, R12 to R15 as it left them",
     .section = "4.3",
     .points = 4,
     .needs = {kBoots, "Switch.InterruptFlagIsTheTasksOwn"},
     .hint = "Are the registers popped in the opposite order of the pushes, each into the one that it came "
             "from?"}) {
    uint64_t value = grader::nonce();
    const auto plant = [&value](SwitchWatch& watch) {
        std::vector<std::pair<std::string, uint64_t>> registers;
        for (const char* name : {"rbx", "rbp", "r12", "r13", "r14", "r15"})
            registers.emplace_back(name, value += 0x1111'1111);
        watch.plant(registers);
    };
    follow(15, plant, [this](SwitchWatch& watch, const Registers& now) {
        EXPECT_EQ(watch.difference(now, watch.next()), "") << name_of(watch.next()) << " has come back";
    });
}

GRADED(Switch, AcStaysBehind,
       {.title = "AC, the right to touch a program's memory, stays with the task that has it",
        .section = "4.1",
        .points = 6,
        .needs = {kBoots},
        .hint = "A task that comes back must get all of its own flags. Here it runs with the AC of the one "
                "before it, and SMAP is off: are the flags really replaced, or only IF?"}) {
    follow_flags(kAC, [this](SwitchWatch& watch, const Registers& now) {
        const uint64_t leaked = now.rflags & ~watch.departure(watch.next()).rflags & kAC;
        EXPECT_EQ(flag_names(leaked), "none")
            << "new to " << name_of(watch.next()) << "; " << name_of(watch.prev()) << " has left with it";
    });
}

GRADED(
    Switch, OtherModesStayBehind,
    {.title = "DF, IOPL and ID stay with the task that has set them",
     .section = "4.1",
     .points = 5,
     .needs = {kBoots},
     .hint =
         "Are all flags replaced by those of the task that comes, or are some cleared or kept one by one?"}) {
    follow_flags(kDF | kIOPL | kID, [this](SwitchWatch& watch, const Registers& now) {
        const uint64_t leaked = now.rflags & ~watch.departure(watch.next()).rflags & kModes;
        EXPECT_EQ(flag_names(leaked), "none")
            << "new to " << name_of(watch.next()) << "; " << name_of(watch.prev()) << " has left with them";
    });
}

GRADED(Switch, ModesComeBack,
       {.title = "A task that left with AC, DF, IOPL or ID set finds them set again",
        .section = "4.2",
        .points = 6,
        .needs = {kBoots},
        .hint =
            "Is the word that is saved all of RFLAGS, and the word that is restored the same one? Flags that "
            "are cleared to be safe are lost to the task that had set them."}) {
    follow_flags(kAC | kDF | kIOPL | kID, [this](SwitchWatch& watch, const Registers& now) {
        const uint64_t lost = watch.departure(watch.next()).rflags & ~now.rflags & kModes;
        EXPECT_EQ(flag_names(lost), "none") << "lost to " << name_of(watch.next());
    });
}

}  // namespace
