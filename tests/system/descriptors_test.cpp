/// @file
/// The descriptor tables and the TSS in memory, against the figures of the manual (Intel SDM 3A), and the
/// segment registers that the processor really holds.
/// Checks docs/invariants/interrupt-stacks.md.
#include <gtest/gtest.h>

#include <set>

#include <tests/system/kernel_view.h>
#include <tests/system/system_test.h>

namespace {

using harness::Machine;

class QuickDescriptors : public SystemTest {
  protected:
    /// Checks run on the states of chapter 1 and 2, and on that of chapter 6, whose tables are the
    /// processor's own, stopped after boot.
    template <class Check>
    void in_each_state(Check check) {
        for (const std::string state : {"sol1", "sol2", "sol6"}) {
            if (!has_state(state)) continue;
            SCOPED_TRACE(state);
            boot(state).gdb();
            check();
        }
    }
    /// Where the TSS should be: a variable, or in the PCR.
    uint64_t tss_address() {
        const harness::ElfSymbols& symbols = machine().symbols();
        if (const harness::Symbol* tss = symbols.find("tss")) return tss->value;
        return symbols.value("boot_pcr") + symbols.value("OFFSETOF_ProcessorControlRegion_rsp0") - 4;
    }
    uint64_t descriptor(uint16_t selector) {
        return machine().gdb().read_u64(read_segment(machine(), "GDT").base + (selector & ~7));
    }
};

// The accessed bit (40) is the processor's to set, so it does not count.
constexpr uint64_t kAccessed = 1ull << 40;

TEST_F(QuickDescriptors, SegmentsAreEncodedAsTheManualSays) {
    in_each_state([&] {
        // 3.4.5 and 5.2.1: present, DPL, S=1, type; L=1 and D=0 for 64-bit code. Base and limit don't count.
        constexpr uint64_t kCheckedBits = 0x0060'ff00'0000'0000 & ~kAccessed;
        EXPECT_EQ(descriptor(0), 0u) << "the null descriptor";
        EXPECT_EQ(descriptor(0x10) & kCheckedBits, 0x0020'9a00'0000'0000u) << "ring 0 code";
        EXPECT_EQ(descriptor(0x18) & kCheckedBits & ~(1ull << 54), 0x0000'9200'0000'0000u) << "ring 0 data";
        EXPECT_EQ(descriptor(0x28) & kCheckedBits & ~(1ull << 54), 0x0000'f200'0000'0000u) << "ring 3 data";
        EXPECT_EQ(descriptor(0x30) & kCheckedBits, 0x0020'fa00'0000'0000u) << "ring 3 code";
        // Loading an SS or CS without the bit set would make the processor write to the table.
        for (const uint16_t selector : {0x10, 0x18, 0x28, 0x30})
            EXPECT_TRUE(descriptor(selector) & kAccessed);
        EXPECT_GE(read_segment(machine(), "GDT").limit, 0x47u);
        EXPECT_EQ(read_segment(machine(), "GDT").limit % 8, 7u) << "the limit is the last valid byte";
    });
}

TEST_F(QuickDescriptors, SegmentRegistersHoldThem) {
    in_each_state([&] {
        machine().gdb().run_to(machine().symbols().value("interrupt_dispatch"));
        const harness::Registers registers = machine().gdb().regs();
        EXPECT_EQ(registers.cs, 0x10u);
        EXPECT_TRUE(registers.ss == 0x18 || registers.ss == 0) << registers.ss;
        EXPECT_TRUE(registers.ds == 0x18 || registers.ds == 0 || registers.ds == 0x2b) << registers.ds;
        EXPECT_EQ(read_segment(machine(), "CS").flags & 0x00600000, 0x00200000u) << "64-bit code";
    });
}

TEST_F(QuickDescriptors, TaskStateSegment) {
    in_each_state([&] {
        const SegmentView tr = read_segment(machine(), "TR");
        EXPECT_EQ(tr.selector, 0x38);
        EXPECT_EQ(tr.base, tss_address());
        EXPECT_EQ(tr.limit, 103u) << "the last byte of a 64-bit TSS (7.7)";
        // QEMU 7.2 keeps the type as it was before LTR marked the TSS busy.
        EXPECT_EQ((tr.flags >> 8 & 0xff) | 2, 0x8bu) << "present, DPL 0, 64-bit TSS";
        // In memory (figure 7-4), two slots.
        const uint64_t low = descriptor(0x38);
        EXPECT_EQ(low >> 40 & 0xff, 0x8bu) << "LTR has marked it busy";
        EXPECT_EQ((low & 0xffff) | (low >> 32 & 0xf0000), 103u);
        EXPECT_EQ(low >> 52 & 0xf, 0u) << "granularity: bytes";
        EXPECT_EQ((low >> 16 & 0xffffff) | (low >> 56) << 24 | descriptor(0x40) << 32, tr.base);

        const TssView tss = read_tss(machine());
        EXPECT_GT(tss.io_map_base, tr.limit) << "ring 3 would have I/O ports";
        EXPECT_LE(tss.io_map_base, 0xdfffu);
        // Reserved fields and the stacks of rings that nobody uses.
        for (const uint64_t offset : {12, 20, 28, 92})
            EXPECT_EQ(machine().gdb().read_u64(tr.base + offset), 0u);
        EXPECT_EQ(machine().gdb().read_u32(tr.base), 0u);
        EXPECT_EQ(machine().gdb().read_u16(tr.base + 100), 0u);
    });
}

TEST_F(QuickDescriptors, InterruptStacksAreSeparateAndUsed) {
    in_each_state([&] {
        const TssView tss = read_tss(machine());
        const uint64_t size = kernel_stack_size(machine());
        std::set<uint64_t> stacks;
        // NMI, #DB, #MC and #DF may interrupt each other, and each may come when RSP can't be trusted.
        for (const unsigned vector : {2u, 1u, 18u, 8u}) {
            const GateView gate = read_gate(machine(), vector);
            ASSERT_GE(gate.ist, 1) << "vector " << vector;
            ASSERT_LE(gate.ist, 7) << "vector " << vector;
            const uint64_t top = tss.ist[gate.ist - 1u];
            EXPECT_EQ(top % 16, 0u);
            EXPECT_TRUE(stacks.insert(top).second) << "vector " << vector << " shares its stack";
        }
        for (const TaskView& task : read_tasks(machine())) EXPECT_TRUE(stacks.insert(task.kstack_top).second);
        uint64_t last = 0;
        for (const uint64_t top : stacks) {
            EXPECT_GE(top - last, 2 * size) << "no room for a guard";
            last = top;
        }
    });
}

TEST_F(QuickDescriptors, Gates) {
    in_each_state([&] {
        EXPECT_EQ(read_segment(machine(), "IDT").limit, 256u * 16 - 1);
        for (unsigned vector = 0; vector < 256; ++vector) {
            const GateView gate = read_gate(machine(), vector);
            SCOPED_TRACE(vector);
            EXPECT_EQ(gate.selector, 0x10);
            // Interrupt gates (type 14), so that IF is 0; only INT3 is for ring 3.
            EXPECT_EQ(gate.type, vector == 3 ? 0xee : 0x8e);
            const bool special = vector == 1 || vector == 2 || vector == 8 || vector == 18;
            if (!special) {
                EXPECT_EQ(gate.ist, 0);
            }
            EXPECT_GE(gate.offset, machine().symbols().value("text_start"));
            EXPECT_LT(gate.offset, machine().symbols().value("text_end"));
        }
    });
}

}  // namespace
