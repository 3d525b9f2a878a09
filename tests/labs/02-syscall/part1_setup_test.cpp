/// @file
/// Chapter 2, parts 1 to 3: SYSCALL is turned on, the flags are masked, and the kernel stack is known.
/// Checks docs/invariants/interrupt-flag.md.
#include <fmt/format.h>

#include <map>
#include <set>

#include <tests/labs/02-syscall/syscall_test_base.h>
#include <userland/grade/lab2_switch.h>

namespace {

class Setup : public SyscallChapter {
  protected:
    /// Boots until the first task of userspace is about to be made.
    testing::AssertionResult boot_past_setup() {
        start_paused(options());
        return reach_kernel("start_userspace");
    }
};

GRADED(Setup, SyscallIsEnabled,
       {.title = "EFER.SCE is set, and EFER's other bits are kept",
        .section = "2.1",
        .points = 3,
        .hint = "SYSCALL is an invalid opcode until bit 0 (SCE) of IA32_EFER is set; the other bits must "
                "stay as they are: read, "
                "change, write."}) {
    // Before the first instruction, EFER is 0; in kernel_main the kernel's own bits are there.
    start_paused(options());
    ASSERT_TRUE(reach_kernel("init_syscall"));
    const uint64_t before = gdb().regs().efer;
    ASSERT_TRUE(reach_kernel("start_userspace"));
    const uint64_t after = gdb().regs().efer;
    EXPECT_EQ(after & 1, 1u) << "EFER.SCE";
    EXPECT_EQ(after & before, before) << "bits of EFER that init_syscall() has cleared";
}

GRADED(Setup, StarNamesTheSegments,
       {.title = "STAR leads SYSCALL to the kernel's segments and SYSRET to the program's",
        .section = "2.1",
        .points = 4,
        .needs = {"Setup.SyscallIsEnabled"},
        .hint = "STAR[47:32] is the kernel's code segment; SYSRET adds 16 for CS and 8 for SS to "
                "STAR[63:48], and that has RPL 3."}) {
    ASSERT_TRUE(boot_past_setup());
    const uint64_t star = read_msr(kStar);
    const uint64_t syscall = star >> 32 & 0xffff, sysret = star >> 48;
    if (syscall == 0x23 && sysret == 0x10)
        hint("The two halves of STAR are exchanged: SYSCALL uses bits 47:32, SYSRET bits 63:48.");
    else if (sysret == 0x33 || sysret == 0x30)
        hint(
            "SYSRET adds 16 to STAR[63:48] to get CS: the field is not the selector of the user's code "
            "itself.");
    else if (sysret == 0x20)
        hint("STAR[63:48] lacks RPL 3: Intel's processors force it, AMD's take SS as it is.");
    EXPECT_EQ(syscall, 0x10u) << "STAR[47:32]: CS of the kernel, and SS is 8 more";
    EXPECT_EQ(sysret, 0x23u) << "STAR[63:48]: CS of the program is 16 more, SS 8 more";
}

GRADED(Setup, LstarIsTheEntry,
       {.title = "LSTAR is the address of syscall_entry",
        .section = "2.1",
        .points = 3,
        .needs = {"Setup.SyscallIsEnabled"},
        .hint = "SYSCALL continues at the address in IA32_LSTAR: it must be the assembly entry, which "
                "changes the stack, and nothing else."}) {
    ASSERT_TRUE(boot_past_setup());
    const uint64_t lstar = read_msr(kLstar);
    EXPECT_EQ(lstar, kernel("syscall_entry"))
        << fmt::format("LSTAR is {:#x}, {}", lstar, machine().symbols().describe(lstar));
}

GRADED(Setup, InterruptsAreMasked,
       {.title = "FMASK clears IF, and only flags that are in the mask",
        .section = "2.2",
        .points = 3,
        .needs = {"Setup.SyscallIsEnabled"},
        .hint = "A set bit in IA32_FMASK *clears* the flag. IF must be in it: an interrupt at the first "
                "instruction would push to the "
                "program's stack."}) {
    ASSERT_TRUE(boot_past_setup());
    const uint64_t mask = read_msr(kFmask);
    if ((mask & kIf) == 0 && mask >> 32 == 0xffff'ffff)
        hint("FMASK is inverted: a set bit clears the flag, it does not keep it.");
    EXPECT_EQ(mask & kIf, kIf) << fmt::format("FMASK is {:#x}", mask);
    EXPECT_EQ(mask >> 32, 0u) << fmt::format("FMASK is {:#x}: its upper half is reserved", mask);
}

GRADED(Setup, HarmfulFlagsAreMasked,
       {.title = "FMASK clears TF, DF, NT and AC",
        .section = "2.2",
        .points = 4,
        .needs = {"Setup.InterruptsAreMasked"},
        .hint = "What a program may set and the kernel must not inherit: TF, DF, NT, AC."}) {
    ASSERT_TRUE(boot_past_setup());
    const uint64_t mask = read_msr(kFmask);
    const struct {
        uint64_t flag;
        const char *name, *why;
    } flags[] = {
        {kTf, "TF",
         "TF is not masked: a program that steps itself would step the kernel's entry, on whatever stack is "
         "there."},
        {kDf, "DF",
         "DF is not masked: the compiler's string instructions would run backwards in the kernel. QEMU hides "
         "this."},
        {kNt, "NT", "NT is not masked: the next IRETQ in the kernel would fault."},
        {kAc, "AC",
         "AC is not masked: in ring 0 it switches SMAP off, and the kernel may touch the program's memory by "
         "mistake."},
    };
    for (const auto& flag : flags) {
        hint(flag.why);
        EXPECT_NE(mask & flag.flag, 0u) << fmt::format("{} is not in FMASK, {:#x}", flag.name, mask);
        if (HasFailure()) return;
    }
}

GRADED(
    Setup, BothWaysInKnowTheStack,
    {.title = "While a program runs, TSS.rsp0 and CURRENT_KERNEL_STACK are the top of its own kernel stack",
     .section = "2.3",
     .points = 6,
     .needs = {"Setup.SyscallIsEnabled"},
     .hint = "publish_kernel_stack() must tell both: interrupts read TSS.rsp0, SYSCALL's entry reads "
             "CURRENT_KERNEL_STACK."}) {
    const CallProgram program(39, 0x202);
    start_init(program);
    ASSERT_TRUE(reach({program.address("_start")}, "the program's first instruction"));
    ASSERT_EQ(gdb().regs().cpl(), 3u);
    const auto task = running_task();
    ASSERT_TRUE(task);
    const uint64_t rsp0 = read_tss(machine()).rsp0, published = kernel_variable("CURRENT_KERNEL_STACK");
    const auto explain = [&](const char* name, uint64_t value) {
        const uint64_t size = kernel_stack_size(machine());
        if (value == 0)
            hint(fmt::format("{} is not published at all.", name));
        else if (value <= task->kstack_top && value > task->kstack_top - size)
            hint(
                fmt::format("{} lies {} bytes below the top of the stack: it must be the top itself, "
                            "Task::kstack_top, as the stack is "
                            "empty while the program is in ring 3.",
                            name, task->kstack_top - value));
        else
            hint(fmt::format("{} belongs to another task: it is `next` that is about to run.", name));
    };
    explain("CURRENT_KERNEL_STACK", published);
    ASSERT_EQ(published, task->kstack_top) << "CURRENT_KERNEL_STACK";
    explain("TSS.rsp0", rsp0);
    ASSERT_EQ(rsp0, task->kstack_top) << "TSS.rsp0";
}

GRADED(Setup, FlagsAreClearAtTheEntry,
       {.title = "At syscall_entry the program's TF, IF, NT and AC are gone from RFLAGS, and R11 has them",
        .section = "2.2",
        .points = 2,
        .needs = {"Setup.HarmfulFlagsAreMasked", "Setup.StarNamesTheSegments", "Setup.LstarIsTheEntry",
                  "Setup.BothWaysInKnowTheStack"},
        .hint = "Was the mask written to IA32_FMASK, 0xc0000084?"}) {
    const CallProgram program(39, 0x202 | kNt | kAc | kDf | kId);
    start_init(program);
    ASSERT_TRUE(reach({program.address("call_instruction")}, "the program's SYSCALL"));
    // No program can set TF so that it first acts on this very instruction.
    gdb().write_register("eflags", gdb().regs().rflags | kTf);
    ASSERT_TRUE(reach_kernel("syscall_entry"));
    const harness::Registers at = gdb().regs();
    EXPECT_EQ(at.rflags & (kTf | kIf | kDf | kNt | kAc), 0u) << fmt::format("RFLAGS is {:#x}", at.rflags);
    EXPECT_EQ(at.r11 & (kTf | kNt | kAc | kIf), kTf | kNt | kAc | kIf) << "or nothing was tested";
    EXPECT_EQ(at.rcx, program.address("call_return"));
    EXPECT_EQ(at.cs, 0x10u);
    EXPECT_EQ(at.ss, 0x18u);
}

}  // namespace
