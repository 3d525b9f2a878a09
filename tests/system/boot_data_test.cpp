/// @file
/// Boot loaders that tell nonsense: each lie ends the boot with one readable line and a halt, never with an
/// exception. The lies are put into guest memory at the kernel's first instruction.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <regex>

#include <fmt/format.h>

#include <tests/harness/temp_folder.h>
#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using harness::Machine;
using harness::MachineOptions;

constexpr uint64_t kWild = 0xffff'ffff'ffff'0000;

class BootDataTest : public SystemTest {
  protected:
    void SetUp() override {
        if (solutions().empty()) GTEST_SKIP() << "there is no finished state in this tree";
    }
    /// Boot data is read by the same code in every state; the lowest boots fastest.
    static std::string state() { return solutions().front(); }

    /// The kernel must end with one line that contains `why`, and a halt.
    void check_refusal(const std::string& why) {
        const std::string start = "Trapline can't start: ";
        machine().wait_for("\n", machine().wait_for(start));
        wait_for_halt(machine());
        const std::string text = plain_lines(machine().serial());
        const size_t line = text.find(start);
        ASSERT_NE(line, std::string::npos) << text;
        const size_t end = text.find('\n', line);
        EXPECT_NE(text.substr(line, end - line).find(why), std::string::npos) << text;
        EXPECT_EQ(end, text.size() - 1) << "more follows: " << text;
        EXPECT_EQ(text.find(start, end), std::string::npos) << text;
        const harness::IntLog log = machine().int_log();
        // What the firmware does in real mode is its own business.
        for (const harness::IntEntry& entry : exceptions(log))
            EXPECT_NE(entry.cs, 0x10) << harness::format_entry(entry);
        EXPECT_EQ(log.triple_faults(), 0u);
    }

    uint32_t u32(uint64_t address) {
        const auto bytes = machine().gdb().read_physical(address, 4);
        return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<uint32_t>(bytes[3]) << 24;
    }
    uint64_t u64(uint64_t address) { return u32(address) | uint64_t{u32(address + 4)} << 32; }
    void poke(uint64_t address, uint64_t value, size_t size) {
        std::vector<uint8_t> bytes;
        for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(value >> 8 * i));
        machine().gdb().write_physical(address, bytes);
    }
    void poke32(uint64_t address, uint32_t value) { poke(address, value, 4); }
    void poke64(uint64_t address, uint64_t value) { poke(address, value, 8); }
};

/// PVH's structures (Xen's public/arch-x86/hvm/start_info.h).
class PvhDataTest : public BootDataTest {
  protected:
    static constexpr uint64_t kMagic = 0, kVersion = 4, kModuleCount = 12, kModules = 16, kCommandLine = 24,
                              kRegions = 40, kRegionCount = 48;
    static constexpr uint64_t kBase = 0, kLength = 8, kType = 16;  // of a region; a module has the first two

    struct Lie {
        const char* what;
        const char* why;  ///< part of the line that must follow
        std::function<void(uint64_t info)> tell;
    };

    uint64_t region(uint64_t info, uint32_t index) { return u64(info + kRegions) + 24 * index; }
    /// The first region of this type with this base, or with any base if that is 0.
    uint64_t find_region(uint64_t info, uint32_t type, uint64_t base) {
        for (uint32_t i = 0; i < u32(info + kRegionCount); ++i) {
            const uint64_t entry = region(info, i);
            if (u32(entry + kType) == type && (base == 0 || u64(entry + kBase) == base)) return entry;
        }
        throw harness::InfrastructureError(fmt::format("QEMU's memory map has no region of type {}", type));
    }
    /// The region of usable memory that holds the kernel.
    uint64_t kernel_region(uint64_t info) { return find_region(info, 1, 0x100000); }
    uint64_t reserved_region(uint64_t info) { return find_region(info, 2, 0); }

    void check_lies(const std::vector<Lie>& lies) {
        for (const Lie& lie : lies) {
            SCOPED_TRACE(lie.what);
            MachineOptions options = state_options(state());
            options.start_paused = true;
            start(options);
            harness::GdbStub& gdb = machine().gdb();
            gdb.run_to(machine().symbols().value("pvh_entry"));
            lie.tell(gdb.regs().rbx);
            gdb.remove_all();
            gdb.resume();
            check_refusal(lie.why);
            if (HasFailure()) return;
        }
    }

    /// Boots with `initramfs` in place of the real one.
    void check_initramfs(const std::string& initramfs, const std::string& why) {
        harness::TempFolder folder;
        MachineOptions options = state_options(state());
        options.initrd = folder / "initramfs";
        std::ofstream(options.initrd, std::ios::binary) << initramfs;
        start(options);
        check_refusal(why);
    }
    static std::string real_initramfs() {
        std::ifstream file(built_file(state(), "initramfs.cpio"), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
};

class QuickBootData : public PvhDataTest {};
class BootData : public PvhDataTest {};

TEST_F(QuickBootData, MissingOrDamagedInitramfs) {
    MachineOptions options = state_options(state());
    options.initrd.clear();
    start(options);
    check_refusal("brought no initramfs");

    const std::string whole = real_initramfs();
    check_initramfs(whole.substr(0, whole.size() / 2), "cut off");
    check_initramfs(std::string(65536, '\xa5'), "magic");
}

TEST_F(BootData, InitramfsCutAnywhere) {
    const std::string whole = real_initramfs();
    const size_t trailer = whole.find("TRAILER!!!");
    ASSERT_NE(trailer, std::string::npos);
    for (const size_t length : {size_t{1}, size_t{109}, size_t{110}, size_t{111}, size_t{1000},
                                whole.size() / 3, trailer - 111, trailer - 110, trailer, trailer + 9}) {
        SCOPED_TRACE(length);
        check_initramfs(whole.substr(0, length), "initramfs: ");
        if (HasFailure()) return;
    }
    std::string wrong = whole;
    wrong[14] = 'x';  // the first entry's mode
    check_initramfs(wrong, "not hexadecimal");
    check_initramfs(std::string(100'000, '\0'), "magic");
}

TEST_F(QuickBootData, MemoryMapMissing) {
    check_lies({
        {"no regions", "gave no memory map", [&](uint64_t info) { poke32(info + kRegionCount, 0); }},
        {"overlapping regions", "overlap",
         [&](uint64_t info) {
             const uint64_t other = reserved_region(info);
             poke64(other + kBase, 0x200000);
             poke64(other + kLength, 0x1000);
         }},
        {"module that wraps", "past the end of the address space",
         [&](uint64_t info) { poke64(u64(info + kModules) + kBase, kWild); }},
    });
}

TEST_F(BootData, MemoryMapOfLies) {
    check_lies({
        {"no pointer to the regions", "can't be reached", [&](uint64_t info) { poke64(info + kRegions, 0); }},
        {"wild pointer to the regions", "can't be reached",
         [&](uint64_t info) { poke64(info + kRegions, kWild); }},
        {"4 billion regions", "more than 128 regions",
         [&](uint64_t info) { poke32(info + kRegionCount, 0xffffffff); }},
        {"a region that wraps", "past the end of the address space",
         [&](uint64_t info) { poke64(kernel_region(info) + kLength, kWild); }},
        {"nothing usable", "no usable memory",
         [&](uint64_t info) {
             for (uint32_t i = 0; i < u32(info + kRegionCount); ++i) poke32(region(info, i) + kType, 2);
         }},
        {"memory for the kernel and nothing else", "outside of usable memory",
         [&](uint64_t info) { poke64(kernel_region(info) + kLength, 0x200000); }},
        {"only empty regions", "no memory map",
         [&](uint64_t info) {
             for (uint32_t i = 0; i < u32(info + kRegionCount); ++i) poke64(region(info, i) + kLength, 0);
         }},
    });
}

TEST_F(BootData, StartInfoOfLies) {
    check_lies({
        {"wrong magic", "magic", [&](uint64_t info) { poke32(info + kMagic, 0); }},
        {"version 0", "version 0", [&](uint64_t info) { poke32(info + kVersion, 0); }},
        {"no start info", "start info", [&](uint64_t) { machine().gdb().write_register("rbx", 0); }},
        {"wild start info", "start info",
         [&](uint64_t) { machine().gdb().write_register("rbx", 0xfffffff8); }},
        {"wild command line", "command line", [&](uint64_t info) { poke64(info + kCommandLine, kWild); }},
        {"no module", "brought no initramfs", [&](uint64_t info) { poke32(info + kModuleCount, 0); }},
        {"too many modules", "more than 4 modules",
         [&](uint64_t info) { poke32(info + kModuleCount, 0xffffffff); }},
        {"wild module list", "module list", [&](uint64_t info) { poke64(info + kModules, kWild); }},
        {"empty module", "module is empty",
         [&](uint64_t info) { poke64(u64(info + kModules) + kLength, 0); }},
        {"module in device memory", "outside of usable memory",
         [&](uint64_t info) { poke64(u64(info + kModules) + kBase, 0xfec00000); }},
        {"module over the kernel", "overlaps the kernel",
         [&](uint64_t info) { poke64(u64(info + kModules) + kBase, 0x100000); }},
        {"module longer than memory", "outside of usable memory",
         [&](uint64_t info) { poke64(u64(info + kModules) + kLength, uint64_t{1} << 40); }},
    });
}

TEST_F(BootData, TimerRateOutOfRange) {
    MachineOptions options = state_options(state());
    options.append = "hz=5";
    start(options);
    check_refusal("hz=");
}

/// Multiboot2 information as GRUB passes it (Multiboot2 Specification 2.0, 3.6).
class Multiboot2Data : public BootDataTest {
  protected:
    /// Starts the ISO and stops it where GRUB has jumped to the kernel; returns the information's address.
    uint64_t stop_at_entry() {
        MachineOptions options = state_options(state(), harness::BootPath::kGrubBios);
        options.start_paused = true;
        start(options);
        harness::GdbStub& gdb = machine().gdb();
        // GRUB itself has code there for a while.
        do {
            gdb.run_to(machine().symbols().value("multiboot2_entry"), harness::Duration(30'000));
            if (gdb.regs().rax == 0x36d76289) return gdb.regs().rbx;
            gdb.step();
        } while (true);
    }
    /// Address of the first tag of this type.
    uint64_t tag(uint64_t info, uint32_t type) {
        const uint64_t end = info + u32(info);
        for (uint64_t at = info + 8; at < end; at += (u32(at + 4) + 7) & ~uint64_t{7})
            if (u32(at) == type) return at;
        throw harness::InfrastructureError(fmt::format("GRUB passes no tag of type {}", type));
    }
    void check_lie(const char* what, const std::string& why, const std::function<void(uint64_t info)>& tell) {
        SCOPED_TRACE(what);
        const uint64_t info = stop_at_entry();
        tell(info);
        machine().gdb().remove_all();
        machine().gdb().resume();
        check_refusal(why);
    }
    static constexpr uint32_t kModule = 3, kMemoryMap = 6, kUnknown = 0x1234;
};

TEST_F(Multiboot2Data, MissingTags) {
    check_lie("no memory map", "no memory map",
              [&](uint64_t info) { poke32(tag(info, kMemoryMap), kUnknown); });
    check_lie("no module", "brought no initramfs",
              [&](uint64_t info) { poke32(tag(info, kModule), kUnknown); });
    check_lie("wrong magic", "neither multiboot2 nor PVH",
              [&](uint64_t) { machine().gdb().write_register("rax", 0x2badb002); });
}

TEST_F(Multiboot2Data, TagsOfLies) {
    check_lie("no size", "", [&](uint64_t info) { poke32(info, 0); });
    check_lie("cut off", "", [&](uint64_t info) { poke32(info, 64); });
    check_lie("tag of size 0", "", [&](uint64_t info) { poke32(tag(info, kMemoryMap) + 4, 0); });
    check_lie("module that ends before it begins", "",
              [&](uint64_t info) { poke32(tag(info, kModule) + 12, 0x1000); });
    check_lie("memory map entries of size 0", "",
              [&](uint64_t info) { poke32(tag(info, kMemoryMap) + 8, 0); });
}

}  // namespace
