/// @file
/// Every state boots by every path, on machines of different size and processors of different abilities.
/// Checks docs/invariants/w-xor-x.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>

#include <tests/harness/page_tables.h>
#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using harness::BootPath;
using harness::Machine;
using harness::MachineOptions;

// Control register bits (Intel SDM 3A, 2.5).
constexpr uint64_t kCr0Wp = 1 << 16;
constexpr uint64_t kCr0Em = 1 << 2;
constexpr uint64_t kCr4Pae = 1 << 5;
constexpr uint64_t kCr4Umip = 1 << 11;
constexpr uint64_t kCr4FsGsBase = 1 << 16;
constexpr uint64_t kCr4Smep = 1 << 20;
constexpr uint64_t kCr4Smap = 1 << 21;
constexpr uint64_t kCr4Optional = kCr4Umip | kCr4FsGsBase | kCr4Smep | kCr4Smap;
constexpr uint64_t kEferLma = 1 << 10;
constexpr uint64_t kEferNxe = 1 << 11;

/// Everything that must be so on any machine once a state has booted.
class BootTest : public SystemTest {
  protected:
    /// Boots `state`, and checks that the kernel is alive and well.
    void check_boot(const std::string& state, MachineOptions options) {
        SCOPED_TRACE(state + " with " + std::to_string(options.memory_mib) + " MiB, -cpu " +
                     options.cpu_model);
        Machine& machine = start(options);
        machine.wait_for(last_boot_text(state), 0, harness::Duration(30'000));
        EXPECT_EQ(machine.serial().find("PANIC"), std::string::npos);
        EXPECT_EQ(machine.int_log().triple_faults(), 0u);
    }

    void check_boot_path(BootPath path) {
        for (const std::string& state : solutions()) {
            check_boot(state, state_options(state, path));
            if (HasFailure()) return;
        }
    }

    void check_memory_sizes(const std::string& state) {
        for (const int mebibytes : {32, 64, 128, 1024, 5000}) {
            MachineOptions options = state_options(state);
            options.memory_mib = mebibytes;
            check_boot(state, options);
            check_memory(mebibytes);
            if (HasFailure()) return;
        }
    }

    /// All the machine's memory is in the direct map, from which the kernel hands it out.
    void check_memory(int mebibytes) {
        machine().gdb();
        harness::PageTables tables(machine().gdb(), machine().gdb().regs().cr3);
        constexpr uint64_t kDirectMapBase = 0xffff'8000'0000'0000;
        uint64_t mapped = 0, top = 0;
        for (const harness::Mapping& mapping : tables.mappings()) {
            if (mapping.virt < kDirectMapBase || mapping.virt >= 0xffff'c000'0000'0000) continue;
            mapped += mapping.size;
            top = std::max(top, mapping.phys + mapping.size);
        }
        // The firmware keeps some for itself, and large pages may reach beyond what is memory.
        const uint64_t size = static_cast<uint64_t>(mebibytes) << 20;
        EXPECT_GE(mapped, size - (4 << 20));
        EXPECT_LE(mapped, size + (8 << 20));
        // q35 has at most 2816 MiB below 4 GiB; the rest lies above.
        EXPECT_EQ(top > uint64_t{4} << 30, mebibytes > 2816);
    }

    void check_control_registers(const std::string& state, const std::string& cpu, uint64_t expected_cr4) {
        MachineOptions options = state_options(state);
        options.cpu_model = cpu;
        check_boot(state, options);
        const harness::Registers registers = machine().gdb().regs();
        EXPECT_EQ(registers.cr4 & kCr4Optional, expected_cr4) << std::hex << registers.cr4;
        EXPECT_EQ(registers.cr4 & kCr4Pae, kCr4Pae);
        EXPECT_EQ(registers.cr0 & kCr0Wp, kCr0Wp);
        EXPECT_EQ(registers.cr0 & kCr0Em, 0u);
        EXPECT_EQ(registers.efer & (kEferNxe | kEferLma), kEferNxe | kEferLma);
    }
};

class QuickBoot : public BootTest {};
class Boot : public BootTest {};

TEST_F(QuickBoot, EveryStateByPvh) {
    check_boot_path(BootPath::kPvh);
}

TEST_F(QuickBoot, ProtectionIsOnWhereTheProcessorHasIt) {
    for (const std::string& state : solutions()) check_control_registers(state, "max", kCr4Optional);
}

TEST_F(Boot, OldProcessorsWork) {
    // No SMEP, SMAP, UMIP or FSGSBASE: setting such a bit would be #GP.
    for (const std::string& state : solutions()) check_control_registers(state, "qemu64", 0);
    for (const std::string& state : solutions())
        check_control_registers(state, "qemu64,+smep,+fsgsbase", kCr4Smep | kCr4FsGsBase);
}

TEST_F(Boot, ProcessorWithoutNoExecuteIsNamed) {
    if (solutions().empty()) GTEST_SKIP() << "there is no finished state in this tree";
    MachineOptions options = state_options(solutions().front());
    options.cpu_model = "qemu64,-nx";
    Machine& machine = start(options);
    machine.wait_for("Trapline needs a 64-bit processor with no-execute pages");
    EXPECT_TRUE(exceptions(machine.int_log()).empty()) << format_entries(exceptions(machine.int_log()));
}

TEST_F(Boot, EveryStateByPvhUnderSeaBios) {
    check_boot_path(BootPath::kPvhSeaBios);
}

TEST_F(Boot, EveryStateByGrubUnderBios) {
    check_boot_path(BootPath::kGrubBios);
}

TEST_F(Boot, HighestStateByGrubUnderUefi) {
    if (solutions().empty()) GTEST_SKIP() << "there is no finished state in this tree";
    const std::string state = solutions().back();
    check_boot(state, state_options(state, BootPath::kGrubUefi));
}

TEST_F(Boot, MemorySizesOfTheTree) {
    REQUIRE_STATE("sol0");
    check_memory_sizes("sol0");
}

TEST_F(Boot, MemorySizesWithRing3) {
    REQUIRE_STATE("sol1");
    check_memory_sizes("sol1");
}

TEST_F(Boot, MemorySizesWithPrograms) {
    REQUIRE_STATE("sol2");
    check_memory_sizes("sol2");
}

TEST_F(QuickBoot, TreeSaysWhyThereIsNoRing3) {
    REQUIRE_STATE("sol0");
    Machine& machine = boot("sol0");
    const std::string text = plain_lines(machine.serial());
    const size_t line = text.find("Trapline has no way into ring 3 yet");
    machine.wait_for("\n", machine.serial().find("Trapline has no way into ring 3 yet"));
    EXPECT_NE(text.find("Self-check passed"), std::string::npos);
    EXPECT_EQ(text.find("ring 3", line + 40), std::string::npos) << "it takes one line, not more";
    // Alive, not just silent: the timer goes on, nothing ever ran in ring 3, and nothing faulted.
    const size_t before = machine.int_log().with_vector(0x20).size();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_GT(machine.int_log().with_vector(0x20).size(), before + 10);
    EXPECT_TRUE(exceptions(machine.int_log()).empty()) << format_entries(exceptions(machine.int_log()));
    const harness::IntLog log = machine.int_log();
    for (const harness::IntEntry& entry : log.entries()) ASSERT_EQ(entry.cpl, 0u);
    // No task register, no ring-3 segment in the descriptor table in force.
    EXPECT_EQ(read_segment(machine, "TR").selector, 0u);
    const SegmentView table = read_segment(machine, "GDT");
    for (uint64_t slot = 0; slot <= table.limit; slot += 8) {
        const uint64_t descriptor = machine.gdb().read_u64(table.base + slot);
        EXPECT_NE(descriptor >> 45 & 3, 3u) << "DPL 3 at selector " << slot;
    }
}

}  // namespace
