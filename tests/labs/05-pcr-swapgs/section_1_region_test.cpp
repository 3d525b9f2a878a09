/// @file
/// The region: how the processor comes to it, and what is in it when the first program starts.
#include <array>

#include <tests/labs/05-pcr-swapgs/paths.h>

namespace {

/// Lets use_region() make a region of memory that the test has chosen.
class Region : public PathsTest {
  protected:
    static constexpr size_t kSize = 256;

    /// Returns the registers after it.
    Registers use_region() {
        harness::MachineOptions paused = options();
        paused.start_paused = true;
        start(paused);
        const Registers before = run_to(kernel("init_gdt"), "init_gdt()");
        // Below the stack in use, which is the boot stack, is plenty of room.
        chosen_ = (before.rsp - 4096) & ~63ull;
        gdb().write(chosen_, std::array<uint8_t, kSize>{});
        gdb().write_register("k_gs_base", secret_base("before"));
        gdb().write_register("rdi", chosen_);
        gdb().write_register("rip", kernel("use_region"));
        return run_to(gdb().read_u64(before.rsp), "the end of use_region()");
    }
    uint64_t chosen() const { return chosen_; }

  private:
    uint64_t chosen_ = 0;
};

GRADED(
    Region, GsLeadsToIt,
    {.title = "After use_region() the GS base is the address of the region that it was given",
     .section = "5.1",
     .points = 6,
     .hint = "IA32_GS_BASE (0xc0000101) is an MSR: wrmsr() writes it, with the address of `region` itself"}) {
    const Registers at = use_region();
    if (at.k_gs_base == chosen())
        hint("GS_BASE is the base in use, KERNEL_GS_BASE the one that waits: in ring 0 the region is in use");
    else if (at.gs_base == 0)
        hint("The base is 0: loading GS with a selector clears it. load_gdt() does that: what is its place?");
    else if (at.gs_base == kernel("boot_pcr"))
        hint("use_region() is called for other regions than boot_pcr, too: use its argument");
    EXPECT_EQ(at.gs_base, chosen());
}

GRADED(Region, KnowsItsOwnAddress,
       {.title = "pcr() finds the region: it holds its own address",
        .section = "5.1",
        .points = 4,
        .hint = "pcr() reads the first word behind GS: `self` must be the region's own address"}) {
    use_region();
    const uint64_t self = gdb().read_u64(chosen() + kernel("OFFSETOF_ProcessorControlRegion_self"));
    if (self == kernel("boot_pcr"))
        hint("`self` is the address of the region that use_region() was given, not always that of boot_pcr");
    EXPECT_EQ(self, chosen());
}

GRADED(Region, HoldsTheGdtInForce,
       {.title = "GDTR leads to a complete GDT inside of the region",
        .section = "5.1",
        .points = 4,
        .hint = "The table that LGDT gets must be the region's own `gdt`, filled from kInitialGdt"}) {
    use_region();
    const SegmentView gdtr = read_segment(machine(), "GDT");
    EXPECT_EQ(gdtr.base, chosen() + kernel("OFFSETOF_ProcessorControlRegion_gdt"));
    EXPECT_EQ(gdtr.limit, 9 * 8 - 1u);
    if (HasFailure()) return;
    hint("The region's GDT is in force, but it is not filled: copy kInitialGdt into it before it is loaded");
    // Present, and S; DPL, and whether it is code; of the slots that ring 0 and ring 3 use.
    const std::array<std::pair<uint64_t, uint64_t>, 4> kinds{{{2, 0x98}, {3, 0x90}, {5, 0xf0}, {6, 0xf8}}};
    for (const auto& [slot, kind] : kinds)
        EXPECT_EQ(gdb().read_u64(gdtr.base + slot * 8) >> 40 & 0xf8, kind) << "slot " << slot;
}

GRADED(Region, IsNothingThatRing3Inherits,
       {.title = "After use_region() nothing of the kernel waits in KERNEL_GS_BASE",
        .section = "5.1",
        .points = 4,
        .hint = "SWAPGS will give ring 3 what is in KERNEL_GS_BASE: write 0 there"}) {
    const Registers at = use_region();
    if (at.k_gs_base == chosen() || at.k_gs_base == kernel("boot_pcr"))
        hint("While ring 0 runs the region is in GS_BASE, and KERNEL_GS_BASE is the program's: 0 for now");
    else if (at.k_gs_base == secret_base("before"))
        hint("KERNEL_GS_BASE still holds what the firmware left in it: write 0 there");
    EXPECT_EQ(at.k_gs_base, 0u);
}

/// Goes to the first instruction of the first program.
class Published : public RoundTest {
  protected:
    Registers at_first_program() {
        start_rounds();
        return run_to_program(in_program("_start"), "the first program's first instruction");
    }
};

GRADED(Published, KernelStack,
       {.title = "While a program runs, TSS.RSP0 is the top of its kernel stack",
        .section = "5.2",
        .points = 5,
        .needs = {"Region.GsLeadsToIt", "Region.KnowsItsOwnAddress", "Region.HoldsTheGdtInForce"},
        .hint = "publish_kernel_stack() has one word to write: rsp0 of the region's TSS"}) {
    const Registers at = at_first_program();
    const TaskView task = running_task(at);
    if (region_word("rsp0") == 0)
        hint("rsp0 of the region's TSS was never written: publish_kernel_stack() is where");
    else
        hint(
            "rsp0 of the region's TSS is another address: that of the *top* of the stack of `next` is "
            "needed");
    EXPECT_EQ(region_word("rsp0"), task.kstack_top);
    hint("TR does not lead to the TSS in the region");
    EXPECT_EQ(read_tss(machine()).rsp0, task.kstack_top);
}

GRADED(Published, CurrentTask,
       {.title = "The region names the task that runs",
        .section = "5.2",
        .points = 5,
        .needs = {"Region.GsLeadsToIt", "Region.KnowsItsOwnAddress", "Region.HoldsTheGdtInForce"},
        .hint = "switch_entry_state() sets `current` of the region, with every switch"}) {
    const Registers at = at_first_program();
    const uint64_t current = region_word("current");
    if (current != 0) hint("`current` names another task: the one that is switched *to* runs afterwards");
    EXPECT_EQ(current, running_task(at).address);
}

}  // namespace
