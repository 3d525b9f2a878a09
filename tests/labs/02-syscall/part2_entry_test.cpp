/// @file
/// Chapter 2, parts 4 and 5: the frame, and from the frame to a function.
#include <fmt/format.h>

#include <tests/grader/answers.h>
#include <tests/labs/02-syscall/syscall_test_base.h>

namespace {

class Entry : public SyscallChapter {
  protected:
    /// Runs lab2_call up to syscall_dispatch and leaves the guest there.
    testing::AssertionResult reach_dispatch(const CallProgram& program) {
        start_init(program);
        return reach_kernel("syscall_dispatch");
    }
};

/// What the frame must hold for a call of `program`.
std::array<uint64_t, kFrameFields> frame_of(const CallProgram& program) {
    std::array<uint64_t, kFrameFields> frame{};
    const auto in = [&](const char* name) {
        for (size_t i = 0; i < kGradeRegisterCount; i++)
            if (strcasecmp(kGradeRegisters[i], name) == 0) return program.in(i);
        throw std::logic_error(name);
    };
    for (size_t i = 0; i < kFrameFields; i++) {
        if (i == kFrameNumber)
            frame[i] = program.in(kRax);
        else if (i == kFrameR11)
            frame[i] = program.flags();
        else if (i == kFrameRcx)
            frame[i] = program.address("call_return");
        else
            frame[i] = in(kFrameNames[i]);
    }
    return frame;
}

GRADED(
    Entry, BuildsTheFrame,
    {.title = "syscall_dispatch gets a SyscallFrame at the top of the task's kernel stack, with every "
              "register as it was",
     .section = "2.4",
     .points = 8,
     .needs = {"Setup.StarNamesTheSegments", "Setup.LstarIsTheEntry", "Setup.InterruptsAreMasked",
               "Setup.BothWaysInKnowTheStack"},
     .hint = "SyscallFrame lists its fields from the lowest address up; what is pushed last lies lowest."}) {
    const CallProgram program(grader::nonce() << 32 | 39, 0x202 | kStatusFlags | kId);
    ASSERT_TRUE(reach_dispatch(program));
    const harness::Registers at = gdb().regs();
    const auto task = running_task();
    ASSERT_TRUE(task);
    const uint64_t frame = at.rdi;
    if (at.rsp <= task->kstack_top - kernel_stack_size(machine()) || at.rsp > task->kstack_top)
        hint("RSP was not changed to the stack that CURRENT_KERNEL_STACK names.");
    else if (frame < at.rsp || frame >= task->kstack_top)
        hint("RDI is the first argument of syscall_dispatch: the address of the frame.");
    else if (frame != task->kstack_top - 8 * kFrameFields)
        hint(
            fmt::format("{} bytes lie between RSP at the call and the top of the stack, and a SyscallFrame "
                        "has {}: a push is missing, or "
                        "there is one too many.",
                        task->kstack_top - frame, 8 * kFrameFields));
    ASSERT_EQ(frame, task->kstack_top - 8 * kFrameFields) << "the frame ends where the stack begins";
    const std::array<uint64_t, kFrameFields> expected = frame_of(program);
    for (size_t i = 0; i < kFrameFields; i++) {
        const uint64_t found = gdb().read_u64(frame + 8 * i);
        if (found == expected[i]) continue;
        std::string held =
            "is not in the frame as it was: it was changed before it was pushed, or something else was "
            "pushed in its place.";
        for (size_t k = 0; k < kFrameFields; k++)
            if (expected[k] == found)
                held = fmt::format("holds the program's {}: two pushes are exchanged.", kFrameNames[k]);
        hint(fmt::format("SyscallFrame::{} {}", kFrameNames[i], held));
        FAIL() << fmt::format("SyscallFrame::{} is {:#x}, not {:#x}", kFrameNames[i], found, expected[i]);
    }
    hint(
        "Interrupts are on: nothing in the entry may set IF. System calls run with interrupts off in this "
        "chapter.");
    EXPECT_EQ(at.rflags & kIf, 0u) << fmt::format("RFLAGS is {:#x}", at.rflags);
    hint("The stack is not aligned for C++: RSP must be a multiple of 16 before the call.");
    EXPECT_EQ(at.rsp % 16, 8u);
}

GRADED(Entry, KeepsTheProgramsStackPointer,
       {.title = "During a system call USER_RSP_SCRATCH holds the program's RSP",
        .section = "2.4",
        .points = 3,
        .needs = {"Setup.StarNamesTheSegments", "Setup.LstarIsTheEntry", "Setup.InterruptsAreMasked",
                  "Setup.BothWaysInKnowTheStack"},
        .hint = "SYSCALL saves RSP nowhere: it must be put away before anything else is loaded into it."}) {
    const CallProgram program(39, 0x202);
    ASSERT_TRUE(reach_dispatch(program));
    EXPECT_EQ(kernel_variable("USER_RSP_SCRATCH"), program.in(kRsp));
}

class Dispatch : public SyscallChapter {
  protected:
    static constexpr uint64_t kNobody = ~0ull;
    struct Answer {
        uint64_t called = kNobody;
        std::array<uint64_t, 6> arguments{};
        std::array<uint64_t, kFrameFields> frame{};
    };

    /// A frame with a pattern in every field and this number.
    static std::array<uint64_t, kFrameFields> frame(uint64_t number, uint64_t seed) {
        std::array<uint64_t, kFrameFields> frame{};
        for (size_t i = 0; i < kFrameFields; i++) frame[i] = grade_pattern(grader::nonce(), seed, i);
        frame[kFrameRax] = frame[kFrameNumber] = number;
        return frame;
    }
    /// Asks the learner's syscall_dispatch(), with system calls that only return `result`.
    static std::vector<Answer> dispatch(const std::vector<uint64_t>& numbers, uint64_t result) {
        std::vector<std::vector<uint64_t>> questions;
        for (const uint64_t number : numbers) {
            questions.push_back({result});
            const auto words = frame(number, questions.size());
            questions.back().insert(questions.back().end(), words.begin(), words.end());
        }
        std::vector<Answer> answers;
        for (const auto& words : grader::ask_many("dispatch", questions)) {
            Answer& answer = answers.emplace_back();
            if (words.size() != 1 + answer.arguments.size() + kFrameFields)
                throw std::runtime_error("This is not the answer's form.");
            answer.called = words[0];
            std::copy_n(words.begin() + 1, answer.arguments.size(), answer.arguments.begin());
            std::copy_n(words.begin() + 7, kFrameFields, answer.frame.begin());
        }
        return answers;
    }
};

GRADED(
    Dispatch, CallsByNumber,
    {.title = "The number selects the function of syscall_table, from the first to the last",
     .section = "2.5",
     .points = 3,
     .hint = "syscall_table[number] is the function; numbers from 0 to kSyscallCount - 1 are in the table.",
     .unit = true}) {
    const uint64_t count = grader::ask("count", {}).at(0);
    const std::vector<uint64_t> numbers{0,         1,         39,        57,
                                        count / 2, count - 2, count - 1, grader::nonce() % count};
    const auto answers = dispatch(numbers, 0);
    for (size_t i = 0; i < numbers.size(); i++) {
        if (answers[i].called == kNobody && numbers[i] == count - 1)
            hint(
                "The last number of the table is refused: kSyscallCount is the first one that is not in it.");
        EXPECT_EQ(answers[i].called, numbers[i])
            << "the function that was called for this number (18446744073709551615: none)";
        if (HasFailure()) return;
    }
}

GRADED(
    Dispatch, NumberIsEax,
    {.title = "The number is EAX: the upper half of RAX makes no difference",
     .section = "2.5",
     .points = 3,
     .needs = {"Dispatch.CallsByNumber"},
     .hint = "As in Linux, the number is the lower 32 bits of RAX; the upper half is ignored, not checked.",
     .unit = true}) {
    const std::vector<uint64_t> numbers{uint64_t{1} << 32 | 39, 0xffff'ffff'0000'0000,
                                        grader::nonce() << 32 | 57};
    const auto answers = dispatch(numbers, 0);
    for (size_t i = 0; i < numbers.size(); i++)
        EXPECT_EQ(answers[i].called, numbers[i] & 0xffff'ffff) << fmt::format("RAX was {:#x}", numbers[i]);
}

GRADED(Dispatch, PassesArgumentsInOrder,
       {.title = "The function gets the six arguments in order, the fourth from R10",
        .section = "2.5",
        .points = 4,
        .needs = {"Dispatch.CallsByNumber"},
        .hint = "The arguments are in RDI, RSI, RDX, R10, R8 and R9, in this order.",
        .unit = true}) {
    const Answer answer = dispatch({1}, 0).at(0);
    const auto in = frame(1, 1);
    constexpr size_t kFields[] = {kFrameRdi, kFrameRsi, kFrameRdx, kFrameR10, kFrameR8, kFrameR9};
    if (answer.arguments[3] == in[kFrameRcx])
        hint("The fourth argument is in R10: SYSCALL itself has overwritten RCX with the return address.");
    for (size_t i = 0; i < std::size(kFields); i++) {
        for (size_t k = 0; k < std::size(kFields); k++)
            if (k != i && answer.arguments[i] == in[kFields[k]])
                hint(fmt::format("Argument {} is in {}, not in {}.", i + 1, kFrameNames[kFields[i]],
                                 kFrameNames[kFields[k]]));
        EXPECT_EQ(answer.arguments[i], in[kFields[i]]) << "argument " << i + 1;
        if (HasFailure()) return;
    }
}

GRADED(Dispatch, RefusesUnknownNumbers,
       {.title = "A number beyond the table calls nothing and gives -ENOSYS",
        .section = "2.5",
        .points = 4,
        .needs = {"Dispatch.CallsByNumber"},
        .hint = "Every number from kSyscallCount on, compared without a sign, is refused with -ENOSYS, which "
                "is -38.",
        .unit = true}) {
    const uint64_t count = grader::ask("count", {}).at(0);
    const std::vector<uint64_t> numbers{count,       count + 1,   count + 60,  0x7fff'ffff,
                                        0x8000'0000, 0xffff'fff0, 0xffff'ffff, kNobody};
    std::vector<Answer> answers;
    try {
        answers = dispatch(numbers, 0);
    } catch (const std::runtime_error&) {
        hint(
            "It crashes: a number with the highest bit set is negative as an int, and smaller than every "
            "bound.");
        throw;
    }
    for (size_t i = 0; i < numbers.size(); i++) {
        if (answers[i].called == count)
            hint("kSyscallCount itself is already beyond the table, whose numbers go to kSyscallCount - 1.");
        ASSERT_EQ(answers[i].called, kNobody) << fmt::format("number {:#x}", numbers[i]);
        const auto value = static_cast<int64_t>(answers[i].frame[kFrameRax]);
        if (value == 38) hint("Errors are negative: RAX holds -38, not 38.");
        if (answers[i].frame[kFrameRax] == numbers[i])
            hint("RAX still holds the number: the program takes it for a result.");
        ASSERT_EQ(value, -38) << fmt::format("RAX after number {:#x}", numbers[i]);
    }
}

GRADED(Dispatch, ResultIsInRax,
       {.title = "What the function returns is in the frame's RAX, and nothing else of the frame has changed",
        .section = "2.5",
        .points = 3,
        .needs = {"Dispatch.CallsByNumber"},
        .hint = "syscall_exit loads RAX from SyscallFrame::rax: all 64 bits of the result belong there.",
        .unit = true}) {
    for (const uint64_t result : {grader::nonce(), uint64_t(-9), uint64_t{0x1234'5678'9abc}}) {
        const Answer answer = dispatch({39}, result).at(0);
        if (answer.frame[kFrameRax] == (result & 0xffff'ffff))
            hint("Only 32 bits of the result arrive: an address would be cut.");
        ASSERT_EQ(answer.frame[kFrameRax], result);
        auto expected = frame(39, 1);
        for (size_t i = 0; i < kFrameFields; i++) {
            if (i == kFrameRax || i == kFrameNumber) continue;
            hint(fmt::format(
                "SyscallFrame::{} was changed: it is the program's register, which must come back as it was.",
                kFrameNames[i]));
            ASSERT_EQ(answer.frame[i], expected[i]) << kFrameNames[i];
        }
    }
}

}  // namespace
