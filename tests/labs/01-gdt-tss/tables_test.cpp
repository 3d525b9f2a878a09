/// @file
/// 1.3 and 1.4: the tables that the processor uses, and the stacks that it switches to in ring 0.
/// Checks docs/invariants/interrupt-stacks.md.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include <tests/harness/page_tables.h>
#include <tests/labs/01-gdt-tss/descriptor_fields.h>
#include <tests/labs/01-gdt-tss/stopped_kernel.h>

namespace {

using harness::IntEntry;
using harness::Registers;

/// Vectors, entries, and InterruptStack's numbers.
struct InterruptStackUse {
    unsigned vector;
    const char* name;
    const char* entry;
    unsigned ist;
};
constexpr InterruptStackUse kInterruptStacks[] = {
    {2, "NMI", "nmi_entry", 1},
    {1, "#DB", "debug_entry", 2},
    {18, "#MC", "machine_check_entry", 3},
    {8, "#DF", "double_fault_entry", 4},
};

class Gdt : public StoppedKernelTest {
  protected:
    uint64_t descriptor(uint16_t selector) {
        return machine().gdb().read_u64(read_segment(machine(), "GDT").base + (selector & ~7));
    }
};

GRADED(Gdt, IsLoaded,
       {.title = "GDTR holds the table's address and its limit",
        .section = "1.3",
        .points = 5,
        .needs = {"Gdt.Order"},
        .hint = "LGDT's operand is a limit of 16 bits, which must cover every slot, with the address of 64 "
                "bits right behind it; with a wrong one the next load of a segment register faults, which "
                "resets a machine that has no IDT yet."}) {
    start_kernel();
    const uint64_t table = run_to("load_gdt").rdi;
    run_to("init_idt");
    const SegmentView gdtr = read_segment(machine(), "GDT");
    require_equal("The address in GDTR", gdtr.base, table);
    hint("The limit is the offset of the last byte, not the size.");
    expect_equal("The limit in GDTR", gdtr.limit, 71);
}

GRADED(Gdt, SegmentsAreReloaded,
       {.title = "Every segment register is loaded from the new table",
        .section = "1.3",
        .points = 7,
        .needs = {"Gdt.IsLoaded"},
        .hint = "LGDT changes no segment register: each keeps what was read from the old table until it is "
                "loaded again."}) {
    start_kernel();
    run_to("load_gdt");
    // What the registers hold now the new table does not: whoever does not load them again is found out. Bit
    // 52 is software's; the processor reads it with the rest of a descriptor.
    harness::GdbStub& gdb = machine().gdb();
    constexpr uint64_t kMark = uint64_t{1} << 52;
    const uint64_t old_table = read_segment(machine(), "GDT").base;
    gdb.write_u64(old_table + 0x10, gdb.read_u64(old_table + 0x10) | kMark);
    gdb.write_register("cs", 0x18);
    gdb.write_register("cs", 0x10);
    for (const char* name : {"ds", "es", "ss"}) gdb.write_register(name, 0);
    for (const char* name : {"fs", "gs"}) gdb.write_register(name, 0x18);
    ASSERT_NE(read_segment(machine(), "CS").flags & (kMark >> 32), 0u);

    run_to("init_idt");
    const auto check_loaded = [&](const std::string& name, uint16_t selector) {
        const SegmentView segment = read_segment(machine(), name);
        require_equal(name, segment.selector, selector);
        const uint64_t in_table = descriptor(selector) >> 32;
        if ((segment.flags ^ in_table) & 0x00f0'fe00)
            throw std::runtime_error(fmt::format(
                "{}'s hidden part was not read from the new table: attributes {:#x}, and {:#x} in the table.",
                name, segment.flags, in_table));
    };
    hint("CS can't be the target of a MOV: only a far jump, call or return, or IRETQ, loads it.");
    check_loaded("CS", 0x10);
    hint("SS, DS and ES are loaded with kKernelData by MOV, after LGDT.");
    for (const char* name : {"SS", "DS", "ES"}) check_loaded(name, 0x18);
    hint("FS and GS have nothing to point to: they are loaded with 0.");
    expect_equal("FS", read_segment(machine(), "FS").selector, 0);
    expect_equal("GS", read_segment(machine(), "GS").selector, 0);
}

class Tss : public StoppedKernelTest {
  protected:
    /// Stops where the TSS should be complete.
    void start_to_complete_tss() {
        start_kernel();
        run_to("become_boot_task");
    }
};

GRADED(Tss, IsLoaded,
       {.title = "TR leads to the TSS, all 104 bytes of it",
        .section = "1.4",
        .points = 5,
        .needs = {"Gdt.IsLoaded", "Descriptors.TaskStateSegment"},
        .hint = "First fill both slots of the GDT, then LTR with the selector of the first one."}) {
    start_to_complete_tss();
    const SegmentView tr = read_segment(machine(), "TR");
    require_equal("TR", tr.selector, 0x38);
    hint("The descriptor's base is the address of `tss`; its upper half stands in the second slot.");
    require_equal("The base in TR", tr.base, symbol("tss"));
    hint("The limit is the offset of the TSS's last byte: 103.");
    require_equal("The limit in TR", tr.limit, 103);
    hint("LTR marks the descriptor in the table busy: the slots must be those of the table in use.");
    const uint64_t gdt = read_segment(machine(), "GDT").base;
    const uint64_t low = machine().gdb().read_u64(gdt + 0x38), high = machine().gdb().read_u64(gdt + 0x40);
    expect_equal("The type in the table", bits(low, 43, 40), 0b1011);
    expect_equal("The base in the table", tss_base(low, high), tr.base);
    expect_equal("The limit in the table", tss_limit(low), tr.limit);
}

GRADED(Tss, HasNoPortMap,
       {.title = "The TSS has no I/O permission map",
        .section = "1.4",
        .points = 3,
        .needs = {"Tss.IsLoaded"},
        .hint = "io_map_base is where the map begins; only from the segment's limit on there is none, and 0 "
                "means that the TSS itself is the map."}) {
    start_to_complete_tss();
    const TssView tss = read_tss(machine());
    EXPECT_GE(tss.io_map_base, 103u);
    EXPECT_LE(tss.io_map_base, 0xdfffu) << "the manual's maximum";
}

GRADED(
    Tss, HasInterruptStacks,
    {.title = "NMI, #DB, #MC and #DF have stacks of their own",
     .section = "1.4",
     .points = 6,
     .needs = {"Tss.IsLoaded"},
     .hint = "Each of the four needs a gate with an IST number, and a stack in the TSS under that number."}) {
    start_to_complete_tss();
    const TssView tss = read_tss(machine());
    harness::PageTables tables(machine().gdb(), machine().gdb().regs().cr3);
    std::map<uint64_t, std::string> owners;
    for (const InterruptStackUse& use : kInterruptStacks) {
        SCOPED_TRACE(use.name);
        const GateView gate = read_gate(machine(), use.vector);
        hint(
            "A gate's IST field of 0 means no change of stack: set_gate()'s last argument is "
            "InterruptStack's number.");
        require_equal(fmt::format("The IST field of the gate of {}", use.name), gate.ist, use.ist);
        hint("Each of the four vectors has an entry of its own in ist_stubs.S.");
        ASSERT_EQ(machine().symbols().describe(gate.offset), std::string(use.entry) + "+0x0");
        hint("IST numbers count from 1, the array in the TSS from 0: stack n is ist[n - 1].");
        const uint64_t top = tss.ist[use.ist - 1];
        ASSERT_NE(top, 0u) << fmt::format("stack {} in the TSS", use.ist);
        hint("Two of the four may interrupt each other, so they can't share a stack.");
        ASSERT_TRUE(owners.emplace(top, use.name).second) << fmt::format("{:#x} is {}'s", top, owners[top]);
        hint("A stack grows down: the TSS holds its top, the first address above it.");
        ASSERT_EQ(top % 16, 0u) << fmt::format("{:#x}", top);
        const auto mapping = tables.lookup(top - 8);
        ASSERT_TRUE(mapping && mapping->writable) << fmt::format("no memory below {:#x}", top);
    }
}

GRADED(Tss, StacksBelongToNoTask,
       {.title = "Interrupt stacks are kernel stacks with a guard, and current() is null on them",
        .section = "1.4",
        .points = 3,
        .needs = {"Tss.HasInterruptStacks"},
        .hint = "allocate_kernel_stack() maps such a stack; its argument is the owner, which current() will "
                "name."}) {
    start_to_complete_tss();
    const uint64_t size = kernel_stack_size(machine());
    harness::PageTables tables(machine().gdb(), machine().gdb().regs().cr3);
    for (const InterruptStackUse& use : kInterruptStacks) {
        SCOPED_TRACE(use.name);
        const uint64_t top = interrupt_stack(use.ist);
        ASSERT_EQ(top % size, 0u) << fmt::format("{:#x} is not the top of a kernel stack", top);
        for (uint64_t offset = 8; offset <= size; offset += 4096) {
            const auto mapping = tables.lookup(top - offset);
            ASSERT_TRUE(mapping && mapping->writable)
                << fmt::format("{:#x}-{:#x} is not all there", top - size, top);
        }
        EXPECT_FALSE(tables.lookup(top - size - 8)) << "no guard below it";
        expect_equal("The owner at the stack's base", machine().gdb().read_u64(top - size), 0);
    }
}

GRADED(Tss, OtherGatesUseTheTasksStack,
       {.title = "No other vector has an interrupt stack",
        .section = "1.4",
        .points = 2,
        .needs = {"Tss.IsLoaded"},
        .hint = "Handlers of other vectors may sleep or be interrupted, which works on a task's own stack "
                "only: leave their gates alone."}) {
    start_to_complete_tss();
    for (unsigned vector = 0; vector < 256; ++vector) {
        if (std::any_of(std::begin(kInterruptStacks), std::end(kInterruptStacks),
                        [&](const InterruptStackUse& use) { return use.vector == vector; }))
            continue;
        require_equal(fmt::format("The IST field of the gate of vector {}", vector),
                      read_gate(machine(), vector).ist, 0);
    }
}

GRADED(Tss, StackOverflowIsReported,
       {.title = "A kernel stack that overflows is a double fault with a report, and no reset",
        .section = "1.4",
        .points = 4,
        .needs = {"Tss.HasInterruptStacks"},
        .hint = "#PF can't push its frame on a stack that has ended, so #DF follows, which needs the gate of "
                "vector 8 on an interrupt stack."}) {
    start_kernel("crash=stack");
    const uint64_t end = symbol("finish_panic");
    const auto stop = run_to_first({end});
    ASSERT_TRUE(stop) << "The machine was reset.";
    EXPECT_EQ(machine().int_log().triple_faults(), 0u);
    const std::vector<IntEntry> faults = machine().int_log().with_vector(8);
    ASSERT_EQ(faults.size(), 1u) << format_entries(exceptions(machine().int_log()));
    EXPECT_EQ(faults[0].cpl, 0u);
    const uint64_t top = interrupt_stack(read_gate(machine(), 8).ist);
    const uint64_t rsp = machine().gdb().regs().rsp;
    EXPECT_TRUE(rsp < top && rsp >= top - kernel_stack_size(machine()))
        << fmt::format("RSP is {:#x}, #DF's stack ends at {:#x}", rsp, top);
    // The frame that the processor left there tells of the stack that overflowed.
    expect_equal("RSP in the frame of #DF", machine().gdb().read_u64(top - 16), faults[0].rsp);
}

GRADED(Tss, NmiInTheKernelDoesNoHarm,
       {.title = "An NMI in ring 0 comes on its own stack and changes nothing",
        .section = "1.4",
        .points = 3,
        .needs = {"Tss.HasInterruptStacks"},
        .hint = "The NMI's gate leads to nmi_entry on stack kIstNmi, which nothing else uses."}) {
    start_kernel();
    // In the first tick's handler, on the boot task's stack.
    const Registers before = run_to("apic_end_of_interrupt");
    const uint64_t count = machine().gdb().read_u64(symbol("nmi_count"));
    const GateView gate = read_gate(machine(), 2);
    machine().qmp().inject_nmi();
    const Registers inside = run_to(gate.offset, "the NMI's entry");
    const uint64_t frame = interrupt_stack(gate.ist) - 40;
    expect_equal("RSP at the NMI's entry", inside.rsp, frame);
    expect_equal("RIP in its frame", machine().gdb().read_u64(frame), before.rip);
    expect_equal("RSP in its frame", machine().gdb().read_u64(frame + 24), before.rsp);
    Registers after = run_to(before.rip, "the instruction that the NMI interrupted");
    // IRETQ may leave another null SS in ring 0.
    after.ss = before.ss;
    EXPECT_EQ(harness::format_difference(before, after), "");
    expect_equal("The kernel's count of NMIs", machine().gdb().read_u64(symbol("nmi_count")), count + 1);
}

}  // namespace
