/// @file
/// The PVH parser, on a small imaginary physical memory.

#include <gtest/gtest.h>

#include <string>

#include <kernel/boot/boot_info.h>
#include <tests/unit/support/blob.h>

namespace {

// Where things lie in the imaginary memory, which starts at kMemoryBase and holds nothing else.
constexpr uint64_t kMemoryBase = 0x5000;
constexpr size_t kModules = 56;
constexpr size_t kRegions = kModules + 2 * 32;
constexpr size_t kCommandLine = kRegions + 3 * 24;

std::span<const std::byte> memory;

const std::byte* read_memory(uint64_t address, uint64_t length) {
    EXPECT_LE(length, UINT64_MAX - address) << "the parser must not ask for a range that wraps";
    if (address < kMemoryBase || address - kMemoryBase > memory.size() ||
        length > memory.size() - (address - kMemoryBase))
        return nullptr;
    return memory.data() + (address - kMemoryBase);
}

/// Offsets of fields in the start info.
enum Field : size_t {
    kMagic = 0,
    kVersion = 4,
    kModuleCount = 12,
    kModuleList = 16,
    kCommandLineAddress = 24,
    kRsdp = 32,
    kMemoryMap = 40,
    kRegionCount = 48,
};

/// What QEMU gives, with two modules.
Blob ordinary(std::string_view command_line = "test=1 tick=100") {
    Blob blob;
    blob.add(uint32_t{0x336ec578}).add(uint32_t{1}).add(uint32_t{0}).add(uint32_t{2});
    blob.add(kMemoryBase + kModules).add(kMemoryBase + kCommandLine).add(uint64_t{0xf59d0});
    blob.add(kMemoryBase + kRegions).add(uint32_t{3}).add(uint32_t{0});
    blob.add(uint64_t{0x200000}).add(uint64_t{0x1000}).add(uint64_t{0}).add(uint64_t{0});
    blob.add(uint64_t{0x300000}).add(uint64_t{0x2345}).add(uint64_t{0}).add(uint64_t{0});
    blob.add(uint64_t{0}).add(uint64_t{0x9fc00}).add(uint32_t{1}).add(uint32_t{0});
    blob.add(uint64_t{0x9fc00}).add(uint64_t{0x400}).add(uint32_t{2}).add(uint32_t{0});
    blob.add(uint64_t{0x100000}).add(uint64_t{0x3f00000}).add(uint32_t{1}).add(uint32_t{0});
    return blob.add_text(command_line).add('\0');
}

std::string parse(const Blob& blob, BootInfo& info) {
    GuardedMemory guarded(blob.size());
    memory = guarded.place(blob.bytes(), true);
    const BootError error = parse_pvh(kMemoryBase, read_memory, info);
    memory = {};
    return error ? error : "";
}
std::string parse(const Blob& blob) {
    BootInfo info;
    return parse(blob, info);
}

const std::string kModulesUnreachable = "the PVH module list can't be reached";
const std::string kMapUnreachable = "the PVH memory map can't be reached";
const std::string kCommandLineUnreachable =
    "the PVH command line can't be reached or has no terminating null";

}  // namespace

TEST(Pvh, ReadsAnOrdinaryReport) {
    BootInfo info;
    EXPECT_EQ(parse(ordinary(), info), "");
    EXPECT_STREQ(info.loader, "PVH");
    EXPECT_STREQ(info.command_line.data(), "test=1 tick=100");
    EXPECT_EQ(info.rsdp, 0xf59d0u);
    ASSERT_EQ(info.module_count, 2u);
    EXPECT_EQ(info.modules[1].base, 0x300000u);
    EXPECT_EQ(info.modules[1].length, 0x2345u);
    ASSERT_EQ(info.region_count, 3u);
    EXPECT_EQ(info.regions[1].type, MemoryType::kReserved);
    EXPECT_EQ(info.regions[2].base, 0x100000u);
    EXPECT_EQ(info.regions[2].length, 0x3f00000u);
    EXPECT_EQ(check_boot_info(info, 0x100000, 0x180000), nullptr);
}

TEST(Pvh, EverythingButTheMapMayBeAbsent) {
    BootInfo info;
    EXPECT_EQ(parse(ordinary(), info), "");
    Blob blob = ordinary();
    blob.put(kModuleCount, uint32_t{0}).put(kModuleList, uint64_t{0});
    blob.put(kCommandLineAddress, uint64_t{0}).put(kRsdp, uint64_t{0});
    EXPECT_EQ(parse(blob, info), "");
    EXPECT_EQ(info.module_count, 0u) << "an earlier report is forgotten";
    EXPECT_STREQ(info.command_line.data(), "");
    EXPECT_EQ(info.rsdp, 0u);
    EXPECT_EQ(parse(blob.put(kRegionCount, uint32_t{0}).put(kMemoryMap, uint64_t{0}), info), "");
    EXPECT_STREQ(check_boot_info(info, 0, 0), "the boot loader gave no memory map");
}

TEST(Pvh, RefusesAWrongMagicOrVersion) {
    EXPECT_EQ(parse(ordinary().put(kMagic, uint32_t{0x336ec579})),
              "the PVH start info does not have the magic number 0x336ec578");
    EXPECT_EQ(parse(ordinary().put(kVersion, uint32_t{0})),
              "the PVH start info is of version 0, which has no memory map; version 1 is needed");
    EXPECT_EQ(parse(ordinary().put(kVersion, uint32_t{2})), "") << "later versions only append";
}

TEST(Pvh, RefusesATruncatedStartInfo) {
    for (size_t size = 0; size < 56; ++size)
        EXPECT_EQ(parse(ordinary().resize(size)), "the PVH start info can't be reached");
}

TEST(Pvh, RefusesAStartInfoAtTheEndOfTheAddressSpace) {
    BootInfo info;
    for (uint64_t address : {UINT64_MAX, UINT64_MAX - 39, uint64_t{0}})
        EXPECT_STREQ(parse_pvh(address, read_memory, info), "the PVH start info can't be reached");
}

TEST(Pvh, RefusesPointersThatLeadNowhere) {
    for (uint64_t address : {uint64_t{0}, uint64_t{1}, kMemoryBase - 1, kMemoryBase + 100000, UINT64_MAX,
                             UINT64_MAX - 31, UINT64_MAX - 23}) {
        EXPECT_EQ(parse(ordinary().put(kModuleList, address)), kModulesUnreachable);
        EXPECT_EQ(parse(ordinary().put(kMemoryMap, address)), kMapUnreachable);
        if (address != 0) {
            EXPECT_EQ(parse(ordinary().put(kCommandLineAddress, address)), kCommandLineUnreachable);
        }
    }
}

TEST(Pvh, RefusesCountsThatOverflowOrAreTooLarge) {
    EXPECT_EQ(parse(ordinary().put(kModuleCount, uint32_t{5})), "the boot loader passed more than 4 modules");
    EXPECT_EQ(parse(ordinary().put(kModuleCount, 0xffffffffu)), "the boot loader passed more than 4 modules");
    EXPECT_EQ(parse(ordinary().put(kRegionCount, uint32_t{129})),
              "the PVH memory map has more than 128 regions");
    EXPECT_EQ(parse(ordinary().put(kRegionCount, 0xffffffffu)),
              "the PVH memory map has more than 128 regions");
    EXPECT_EQ(parse(ordinary().put(kRegionCount, uint32_t{100})), kMapUnreachable);
}

TEST(Pvh, RefusesACommandLineWithoutNull) {
    Blob blob = ordinary();
    EXPECT_EQ(parse(blob.resize(blob.size() - 1)), kCommandLineUnreachable);
}

TEST(Pvh, CutsALongCommandLine) {
    BootInfo info;
    EXPECT_EQ(parse(ordinary(std::string(255, 'a')), info), "");
    EXPECT_EQ(info.command_line.data(), std::string(255, 'a'));
    EXPECT_EQ(parse(ordinary(std::string(400, 'b')), info), "");
    EXPECT_EQ(info.command_line.data(), std::string(255, 'b'));
}

TEST(Pvh, SurvivesEveryMutation) {
    int accepted = 0, refused = 0;
    for_each_mutation(ordinary().bytes(), 50000, [&](std::span<const std::byte> bytes) {
        BootInfo info;
        memory = bytes;
        if (parse_pvh(kMemoryBase, read_memory, info)) {
            ++refused;
        } else {
            ++accepted;
            ASSERT_EQ(info.command_line.back(), '\0');
            check_boot_info(info, 0x100000, 0x180000);
        }
        ASSERT_LE(info.region_count, BootInfo::kMaximumRegions);
        ASSERT_LE(info.module_count, BootInfo::kMaximumModules);
    });
    memory = {};
    EXPECT_GT(accepted, 1000);
    EXPECT_GT(refused, 1000);
}
