/// @file
/// 6.4: every processor is one of ours, and has what it must not share.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include <tests/labs/06-smp/smp_test_base.h>

namespace {

constexpr uint64_t kTF = 1 << 8, kDF = 1 << 10, kNT = 1 << 14, kAC = 1 << 18;
constexpr unsigned kTimerVector = 0x20;

class Processors : public SmpTest {
  protected:
    /// Boots as many processors and stops them before there is anything to run: each but the first in its
    /// idle loop, as far as it gets there.
    std::vector<ProcessorView> boot_idle(int count) {
        harness::GdbStub& gdb = start_kernel(count);
        hint(
            "A processor faults or hangs on its way to the idle loop, or never says that it is online: it "
            "needs a PCR of its own, "
            "the GDT in it, and the IDT before anything else.");
        run_to_kernel("mount_root", harness::Duration(6'000));
        for (int i = 1; i < count; ++i) run_alone(static_cast<unsigned>(i), std::chrono::milliseconds(5));
        hint("");
        gdb.select_cpu(0);
        return read_processors();
    }
    /// Lets one processor run for a moment while the others stand still.
    void run_alone(unsigned number, std::chrono::milliseconds moment) {
        machine().gdb().resume_only(number);
        std::this_thread::sleep_for(moment);
        if (machine().gdb().interrupt().exited) throw harness::QemuGone("the machine ended");
    }

    void check_all_came(int count) {
        const auto processors = boot_idle(count);
        ASSERT_EQ(processors.size(), static_cast<size_t>(count));
        const uint32_t online = machine().gdb().read_u32(online_address());
        ASSERT_EQ(online, (1u << count) - 1) << "a bit for each processor online, with " << count;
        for (int i = 0; i < count; ++i) {
            const auto& at = processors[static_cast<size_t>(i)].registers;
            ASSERT_TRUE(at.cs == 0x10 && at.rip >> 63)
                << fmt::format("processor {} of {} is at {:#x}:{:#x}", i, count, at.cs, at.rip);
        }
    }
};

GRADED(Processors, AllCome,
       {.title = "Two, four and eight processors take part",
        .section = "6.4",
        .points = 4,
        .needs = {"Trampoline.CallsProcessorMain", "Wake.StartsAProcessor"},
        .hint = "A processor says that it takes part by processor_is_online(), with the number that it finds "
                "in a PCR of its own, and then idles."}) {
    for (const int count : {2, 4, 8}) {
        check_all_came(count);
        if (HasFatalFailure()) return;
    }
}

GRADED(Processors, HaveRegionsOfTheirOwn,
       {.title = "Each processor has a PCR of its own, which says who it is and what it runs",
        .section = "6.4",
        .points = 4,
        .needs = {"Processors.AllCome"},
        .hint = "prepare_processor() makes a PCR for each processor and hands its address on as `region`."}) {
    const auto processors = boot_idle(4);
    const uint64_t stack_size = symbol("KERNEL_STACK_SIZE");
    harness::GdbStub& gdb = machine().gdb();
    std::set<uint64_t> regions;
    std::set<uint32_t> numbers;
    for (unsigned i = 0; i < processors.size(); ++i) {
        hint("");
        const uint64_t address = processors[i].region();
        ASSERT_TRUE(regions.insert(address).second)
            << fmt::format("processor {} shares the PCR at {:#x}", i, address);
        const RegionView region = read_region(address);
        ASSERT_EQ(region.self, address) << "self of processor " << i;
        hint("`cpu` is the number that prepare_processor() was given.");
        ASSERT_TRUE(region.number < processors.size() && numbers.insert(region.number).second)
            << fmt::format("processor {} says that its number is {}", i, region.number);
        if (region.number == 0) continue;  // the boot processor's is written by its first switch
        hint("`current` is the idle task from the start: interrupts look there.");
        ASSERT_NE(region.current, 0u) << "current of processor " << i;
        const uint64_t top = gdb.read_u64(region.current + symbol("OFFSETOF_Task_kstack_top"));
        const uint64_t rsp = processors[i].registers.rsp;
        ASSERT_TRUE(rsp <= top && top - rsp < stack_size) << fmt::format(
            "processor {} runs on {:#x}, but its current task's stack ends at {:#x}", i, rsp, top);
        hint("`processor` of the idle task says where it is at home.");
        const uint32_t home = gdb.read_u32(region.current + symbol("OFFSETOF_Task_processor"));
        ASSERT_EQ(home, region.number) << "`processor` of the task that runs there";
    }
}

GRADED(Processors, HaveTablesOfTheirOwn,
       {.title = "Each processor has a GDT, a TSS and interrupt stacks of its own; the IDT is one for all",
        .section = "6.4",
        .points = 4,
        .needs = {"Processors.AllCome"},
        .hint = "The GDT is in the PCR, and use_region() loads it."}) {
    const auto processors = boot_idle(4);
    harness::GdbStub& gdb = machine().gdb();
    std::set<uint64_t> tables, segments, stacks;
    for (unsigned i = 0; i < processors.size(); ++i) {
        const ProcessorView& each = processors[i];
        hint("The GDT is in the PCR, and use_region() loads it.");
        ASSERT_TRUE(tables.insert(each.gdt).second)
            << fmt::format("processor {} shares the GDT at {:#x}", i, each.gdt);
        hint(
            "start_this_processor() gives a processor its TSS; LTR marks a TSS as busy, so it can't be "
            "shared.");
        ASSERT_TRUE(each.tss != 0 && segments.insert(each.tss).second)
            << fmt::format("processor {}'s TSS is at {:#x}", i, each.tss);
        for (uint64_t n = 0; n < 4; ++n) {
            const uint64_t stack = gdb.read_u64(each.tss + 36 + 8 * n);
            ASSERT_TRUE(stack != 0 && stacks.insert(stack).second)
                << fmt::format("processor {}'s interrupt stack {} is {:#x}", i, n + 1, stack);
        }
        hint("load_idt() loads the table that all share.");
        ASSERT_EQ(each.idt, processors[0].idt) << "IDT of processor " << i;
    }
}

GRADED(Processors, AreSetUpAlike,
       {.title = "Each processor has the same features and modes switched on as the boot processor",
        .section = "6.4",
        .points = 3,
        .needs = {"Processors.AllCome"},
        .hint = "start_this_processor() is for every processor."}) {
    const auto processors = boot_idle(4);
    const harness::Registers& first = processors[0].registers;
    for (unsigned i = 1; i < processors.size(); ++i) {
        const harness::Registers& each = processors[i].registers;
        const std::string difference = fmt::format(
            "processor {}: CR0 {:#x}, CR4 {:#x}, EFER {:#x}; boot processor: CR0 {:#x}, CR4 {:#x}, EFER "
            "{:#x}",
            i, each.cr0, each.cr4, each.efer, first.cr0, first.cr4, first.efer);
        hint(
            "init_cpu_features() sets bits in CR0 and CR4 of the processor that runs it: SMEP, SMAP, SSE, "
            "...");
        ASSERT_TRUE(each.cr0 == first.cr0 && each.cr4 == first.cr4) << difference;
        hint("SYSCALL must be switched on for each processor: start_this_processor() does it.");
        ASSERT_EQ(each.efer, first.efer) << difference;
        hint("");
        ASSERT_EQ(each.rflags & (kTF | kDF | kNT | kAC) & (each.cpl() == 0 ? ~0ull : 0), 0u)
            << fmt::format("RFLAGS of processor {} is {:#x}", i, each.rflags);
    }
}

GRADED(
    Processors, AreReadyWhenTheySaySo,
    {.title = "A processor says that it is online when it has all that the others count on",
     .section = "6.4",
     .points = 3,
     .needs = {"Processors.HaveTablesOfTheirOwn", "Processors.AreSetUpAlike"},
     .hint = "From processor_is_online() on the others count on this processor: its tables, its local APIC "
             "and its run queue come before."}) {
    harness::GdbStub& gdb = start_kernel(2);
    // First the boot processor, for itself.
    run_to_kernel("init_scheduler", harness::Duration(6'000));
    gdb.step();
    gdb.insert_breakpoint(symbol("init_scheduler"));
    unsigned number = run_to_kernel("processor_is_online", harness::Duration(6'000));
    const bool queue = gdb.regs().rip == symbol("init_scheduler");
    gdb.remove_breakpoint(symbol("init_scheduler"));
    if (queue) number = run_to_kernel("processor_is_online", harness::Duration(6'000));
    const bool apic = local_apic_is_enabled(number);
    const auto processors = read_processors();
    const ProcessorView &first = processors[0], &each = processors[number];
    std::vector<std::string> lacks;
    if (each.gdt != each.region() + symbol("OFFSETOF_ProcessorControlRegion_gdt")) lacks.push_back("its GDT");
    if (each.idt != first.idt) lacks.push_back("the IDT");
    if (each.tss == 0) lacks.push_back("its TSS");
    if (each.registers.cr0 != first.registers.cr0 || each.registers.cr4 != first.registers.cr4)
        lacks.push_back("what init_cpu_features() switches on");
    if (each.registers.efer != first.registers.efer) lacks.push_back("SYSCALL");
    if (!apic) lacks.push_back("its local APIC switched on");
    if (!queue) lacks.push_back("its run queue");
    ASSERT_EQ(fmt::format("{}", fmt::join(lacks, ", ")), "")
        << "what processor " << number << " has not, when it calls processor_is_online()";
}

GRADED(Processors, HaveTimers,
       {.title = "Each processor's timer ticks",
        .section = "6.4",
        .points = 2,
        .needs = {"Processors.HaveTablesOfTheirOwn"},
        .hint = "INIT switches a local APIC off: enable_local_apic(), then apic_start_timer() with the rate "
                "from the data."}) {
    const auto processors = boot_idle(3);
    for (unsigned i = 1; i < processors.size(); ++i) {
        const auto ticks = [&] {
            const auto entries = machine().int_log().with_vector(kTimerVector);
            return std::count_if(entries.begin(), entries.end(), [&](const harness::IntEntry& entry) {
                return entry.tr_base == processors[i].tss;
            });
        };
        harness::ProgressTimer timer(machine().pid(), harness::Duration(1'000));
        while (ticks() < 5) {
            ASSERT_FALSE(timer.expired()) << fmt::format("processor {} has had {} ticks", i, ticks());
            run_alone(i, std::chrono::milliseconds(20));
        }
    }
}

}  // namespace
