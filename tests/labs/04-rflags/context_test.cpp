/// @file
/// What context.h says, and that the kernel gets as far as its prompt with it: the ground for everything
/// else.
#include <algorithm>

#include <tests/grader/answers.h>
#include <tests/grader/graded_test.h>
#include <tests/labs/04-rflags/switches.h>
#include <tests/system/kernel_view.h>

namespace {

/// Where the shell waits for its first key.
constexpr char kFirstRead[] = "tty_wait_for_input";
/// The registers that a function call preserves, RFLAGS, and the return address.
constexpr size_t kWords = 8;
/// Bit 1, which is always set, and the results CF, PF, AF, ZF, SF and OF.
constexpr uint64_t kHarmless = 1 << 1 | 1 << 0 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 11;

class Context : public grader::GradedTest {};

GRADED(
    Context, HasAPlaceForTheFlags,
    {.title = "A Context has a word for the flags, and ends with the return address",
     .section = "4.3",
     .points = 4,
     .hint = "Is there one word in Context for each that switch.S pushes, the flags included, and rip above "
             "them all?",
     .unit = true}) {
    const uint64_t rip = grader::nonce() | 1;
    const std::vector<uint64_t> words = grader::ask("initial_context", {rip});
    ASSERT_EQ(words.size(), kWords) << "words in a Context";
    EXPECT_EQ(words.back(), rip) << "the last word: the call has pushed it before all others";
    EXPECT_EQ(std::count(words.begin(), words.end(), rip), 1);
}

GRADED(
    Context, OfANewTaskHasNoModeSet,
    {.title = "The Context of a task that never ran has interrupts off and no other mode set",
     .section = "4.4",
     .points = 4,
     .needs = {"Context.HasAPlaceForTheFlags"},
     .hint = "Which flags does initial_context() give a new task? None that changes how the processor works: "
             "not IF, and not what happens to be set when the task is made.",
     .unit = true}) {
    const uint64_t rip = grader::nonce() | 1;
    const std::vector<uint64_t> words = grader::ask("initial_context", {rip});
    for (size_t i = 0; i + 1 < words.size(); ++i) {
        const uint64_t odd = words[i] & ~kHarmless;
        EXPECT_EQ(odd, 0u) << "word " << i << " is " << std::hex << words[i]
                           << "; modes: " << flag_names(odd);
    }
}

GRADED(
    Context, IsWhatTheSwitchTakesOffTheStack,
    {.title = "New tasks start: the kernel gets as far as the shell's first read",
     .section = "4.3",
     .points = 4,
     .hint = "What switch.S pops must be what initial_context() has put there, word for word: is the order "
             "in Context that of the pops, lowest address first?"}) {
    start(paused(options("hz=10")));
    machine().gdb().run_to(machine().symbols().value(kFirstRead), harness::Duration(1500));
    const harness::Registers registers = machine().gdb().regs();
    EXPECT_EQ(registers.rip, machine().symbols().value(kFirstRead));
    const auto reader = task_of_stack(machine(), registers.rsp);
    ASSERT_TRUE(reader) << "nobody's stack: RSP is " << std::hex << registers.rsp;
    EXPECT_EQ(reader->cr3, registers.cr3) << "the page tables are not those of " << reader->name;
}

}  // namespace
