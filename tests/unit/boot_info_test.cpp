/// @file
/// The checks between a loader's report and the memory manager, and the command line.

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include <kernel/boot/boot_info.h>

namespace {

constexpr uint64_t kKernelStart = 0x100000;
constexpr uint64_t kKernelEnd = 0x180000;

BootInfo with_regions(std::initializer_list<MemoryRegion> regions) {
    BootInfo info;
    for (const MemoryRegion& region : regions) info.regions[info.region_count++] = region;
    return info;
}

/// A machine with 64 MiB.
BootInfo ordinary() {
    return with_regions({{0, 0x9fc00, MemoryType::kUsable},
                         {0x9fc00, 0x400, MemoryType::kReserved},
                         {0xf0000, 0x10000, MemoryType::kReserved},
                         {0x100000, 0x3ee0000, MemoryType::kUsable},
                         {0x3fe0000, 0x20000, MemoryType::kReserved},
                         {0xfffc0000, 0x40000, MemoryType::kReserved}});
}

BootInfo with_module(uint64_t base, uint64_t length) {
    BootInfo info = ordinary();
    info.modules[info.module_count++] = {base, length};
    return info;
}

std::string check(BootInfo& info) {
    const BootError error = check_boot_info(info, kKernelStart, kKernelEnd);
    return error ? error : "";
}
std::string check(BootInfo&& info) {
    return check(info);
}

std::string layout(const BootInfo& info) {
    std::string text;
    for (const MemoryRegion& region : info.memory()) {
        std::array<char, 64> line;
        std::snprintf(line.data(), line.size(), "%llx-%llx:%u ", static_cast<unsigned long long>(region.base),
                      static_cast<unsigned long long>(region.end()), static_cast<unsigned>(region.type));
        text += line.data();
    }
    return text;
}

std::string value(const char* command_line, const char* key) {
    return std::string(command_line_value(command_line, key));
}

}  // namespace

TEST(CheckBootInfo, AcceptsAnOrdinaryMachine) {
    BootInfo info = with_module(0x200000, 0x1000);
    EXPECT_EQ(check(info), "");
    EXPECT_EQ(info.region_count, 6u);
}

TEST(CheckBootInfo, SortsTheRegions) {
    BootInfo info = with_regions({{0x5000, 0x1000, MemoryType::kReserved},
                                  {0x1000, 0x1000, MemoryType::kUsable},
                                  {0x3000, 0x1000, MemoryType::kReserved}});
    EXPECT_EQ(check(info), "");
    EXPECT_EQ(layout(info), "1000-2000:1 3000-4000:2 5000-6000:2 ");
}

TEST(CheckBootInfo, MergesRegionsOfOneType) {
    BootInfo info = with_regions({{0x3000, 0x2000, MemoryType::kUsable},    // overlaps the next but one
                                  {0x1000, 0x1000, MemoryType::kUsable},    // touches the next
                                  {0x2000, 0x1800, MemoryType::kUsable},    //
                                  {0x2800, 0x100, MemoryType::kUsable},     // inside another
                                  {0x5000, 0x1000, MemoryType::kReserved},  // touches, but of another type
                                  {0x7000, 0, MemoryType::kUsable}});       // empty
    EXPECT_EQ(check(info), "");
    EXPECT_EQ(layout(info), "1000-5000:1 5000-6000:2 ");
}

TEST(CheckBootInfo, RefusesAMissingOrUselessMap) {
    EXPECT_EQ(check(BootInfo{}), "the boot loader gave no memory map");
    const std::string useless = "the boot loader's memory map has no usable memory";
    EXPECT_EQ(check(with_regions({{0, 0x1000, MemoryType::kReserved}})), useless);
    EXPECT_EQ(check(with_regions({{0, 0, MemoryType::kUsable}})), useless);
}

TEST(CheckBootInfo, RefusesARegionThatWraps) {
    const std::string wraps =
        "a region of the boot loader's memory map runs past the end of the address space";
    EXPECT_EQ(check(with_regions({{0, 0x1000, MemoryType::kUsable}, {UINT64_MAX, 1, MemoryType::kReserved}})),
              wraps);
    EXPECT_EQ(check(with_regions({{0x1000, UINT64_MAX, MemoryType::kUsable}})), wraps);
    EXPECT_EQ(
        check(with_regions({{0, 0x1000, MemoryType::kUsable}, {UINT64_MAX - 1, 1, MemoryType::kReserved}})),
        "");
}

TEST(CheckBootInfo, RefusesOverlapsOfDifferentTypes) {
    const std::string overlap = "two regions of different types overlap in the boot loader's memory map";
    EXPECT_EQ(check(with_regions({{0, 0x2000, MemoryType::kUsable}, {0x1fff, 1, MemoryType::kReserved}})),
              overlap);
    EXPECT_EQ(check(with_regions({{0x1000, 0x10, MemoryType::kReserved}, {0, 0x4000, MemoryType::kUsable}})),
              overlap);
    EXPECT_EQ(check(with_regions({{0, 0x1000, MemoryType::kUsable}, {0, 0x1000, MemoryType::kReserved}})),
              overlap);
    // Found although a short region of the same type lies between the two.
    EXPECT_EQ(check(with_regions({{0, 0x4000, MemoryType::kUsable},
                                  {0x1000, 0x100, MemoryType::kUsable},
                                  {0x3000, 0x100, MemoryType::kReserved}})),
              overlap);
    EXPECT_EQ(check(with_regions({{0, 0x2000, MemoryType::kUsable}, {0x2000, 1, MemoryType::kReserved}})),
              "");
}

TEST(CheckBootInfo, RefusesModulesThatCanNotBe) {
    EXPECT_EQ(check(with_module(0x200000, 0)), "a boot module is empty");
    EXPECT_EQ(check(with_module(UINT64_MAX - 10, 10)), "a boot module lies outside of usable memory");
    EXPECT_EQ(check(with_module(UINT64_MAX - 10, 11)),
              "a boot module runs past the end of the address space");
    EXPECT_EQ(check(with_module(0x200000, UINT64_MAX)),
              "a boot module runs past the end of the address space");
}

TEST(CheckBootInfo, RefusesModulesOutsideOfUsableMemory) {
    const std::string outside = "a boot module lies outside of usable memory";
    EXPECT_EQ(check(with_module(0x3fdf000, 0x1000)), "");
    EXPECT_EQ(check(with_module(0x3fdf000, 0x1001)), outside) << "one byte reaches into a reserved region";
    EXPECT_EQ(check(with_module(0x9f000, 0x1000)), outside);
    EXPECT_EQ(check(with_module(0x10000000, 0x1000)), outside) << "in a hole of the map";
}

TEST(CheckBootInfo, AModuleMayCrossTwoTouchingUsableRegions) {
    BootInfo info =
        with_regions({{0x300000, 0x100000, MemoryType::kUsable}, {0x200000, 0x100000, MemoryType::kUsable}});
    info.modules[info.module_count++] = {0x2ff000, 0x2000};
    EXPECT_EQ(check(info), "");
}

TEST(CheckBootInfo, RefusesModulesThatOverlapTheKernelOrEachOther) {
    const std::string kernel = "a boot module overlaps the kernel's image";
    EXPECT_EQ(check(with_module(kKernelEnd, 0x1000)), "");
    EXPECT_EQ(check(with_module(kKernelEnd - 1, 0x1000)), kernel);
    EXPECT_EQ(check(with_module(kKernelStart, 1)), kernel);
    EXPECT_EQ(check(with_module(kKernelStart, 0x1000000)), kernel) << "the kernel inside the module";

    BootInfo info = with_module(0x200000, 0x2000);
    info.modules[info.module_count++] = {0x202000, 0x1000};
    EXPECT_EQ(check(info), "");
    info.modules[info.module_count++] = {0x201fff, 1};
    EXPECT_EQ(check(info), "two boot modules overlap") << "the first and the last";
    info.modules[--info.module_count - 1].base -= 1;
    EXPECT_EQ(check(info), "two boot modules overlap") << "neighbours";
}

TEST(CheckBootInfo, WhatItAcceptsIsSortedAndDisjoint) {
    std::mt19937 random(11);
    int accepted = 0;
    for (int round = 0; round < 20000; ++round) {
        BootInfo info;
        info.region_count = 1 + random() % 6;
        for (size_t i = 0; i < info.region_count; ++i) {
            const auto type = static_cast<MemoryType>(1 + random() % 2);
            info.regions[i] = {random() % 64 * 0x1000, random() % 16 * 0x1000, type};
            if (random() % 50 == 0) info.regions[i].base = UINT64_MAX - random() % 0x20000;
        }
        if (check(info) != "") continue;
        ++accepted;
        for (size_t i = 0; i < info.region_count; ++i) {
            const MemoryRegion& region = info.regions[i];
            ASSERT_GT(region.length, 0u);
            ASSERT_GT(region.end(), region.base);
            if (i == 0) continue;
            const MemoryRegion& before = info.regions[i - 1];
            ASSERT_LE(before.end(), region.base);
            ASSERT_FALSE(before.end() == region.base && before.type == region.type) << "not merged";
        }
    }
    EXPECT_GT(accepted, 1000);
    EXPECT_LT(accepted, 19000);
}

TEST(AddRegion, KnowsTheTypes) {
    BootInfo info;
    for (uint32_t type : {0u, 1u, 2u, 3u, 4u, 5u, 0xffffffffu})
        EXPECT_EQ(add_region(info, {type, 1, type, 0}), nullptr);
    const MemoryType expected[] = {MemoryType::kReserved, MemoryType::kUsable,   MemoryType::kReserved,
                                   MemoryType::kReserved, MemoryType::kReserved, MemoryType::kReserved,
                                   MemoryType::kReserved};
    for (size_t i = 0; i < info.region_count; ++i) EXPECT_EQ(info.regions[i].type, expected[i]) << i;
}

TEST(CommandLineValue, FindsAKey) {
    EXPECT_EQ(value("tick=100 test=fork", "tick"), "100");
    EXPECT_EQ(value("tick=100 test=fork", "test"), "fork");
    EXPECT_EQ(value("  tick=100\t test=fork ", "test"), "fork");
    EXPECT_EQ(value("a=b=c", "a"), "b=c");
}

TEST(CommandLineValue, AKeyAloneHasNoValue) {
    EXPECT_EQ(value("quiet", "quiet"), "");
    EXPECT_EQ(value("x quiet y", "quiet"), "");
    EXPECT_EQ(value("quiet=", "quiet"), "");
}

TEST(CommandLineValue, MatchesWholeKeysOnly) {
    EXPECT_EQ(value("ticks=5", "tick"), "");
    EXPECT_EQ(value("mytick=5", "tick"), "");
    EXPECT_EQ(value("x=tick=5", "tick"), "");
    EXPECT_EQ(value("", "tick"), "");
    EXPECT_EQ(value("   ", "tick"), "");
    EXPECT_EQ(value("tic", "tick"), "");
}

TEST(CommandLineValue, TheFirstOfTwoCounts) {
    EXPECT_EQ(value("ticks=1 tick=2 tick=3", "tick"), "2");
}
