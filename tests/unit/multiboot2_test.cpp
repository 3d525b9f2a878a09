/// @file
/// The multiboot2 parser, on structures as GRUB makes them and on every way to break them we could think of.

#include <gtest/gtest.h>

#include <string>

#include <kernel/boot/boot_info.h>
#include <tests/unit/support/blob.h>

namespace {

constexpr uint64_t kAddress = 0x10000;

/// A multiboot2 information structure under construction.
class Information {
  public:
    Information() { blob_.add(uint32_t{0}).add(uint32_t{0}); }

    Information& tag(uint32_t type, const Blob& body) {
        blob_.pad(8).add(type).add(static_cast<uint32_t>(8 + body.size()));
        for (std::byte byte : body.bytes()) blob_.add(byte);
        return *this;
    }
    Information& command_line(std::string_view text) { return tag(1, Blob().add_text(text).add('\0')); }
    Information& module(uint32_t start, uint32_t end) {
        return tag(3, Blob().add(start).add(end).add_text("initramfs").add('\0'));
    }
    /// `count` usable pages as so many regions, with entries of `entry_size` bytes.
    Information& memory_map(size_t count, uint32_t entry_size = 24) {
        Blob body;
        body.add(entry_size).add(uint32_t{0});
        for (size_t i = 0; i < count; ++i) {
            body.add(uint64_t{i * 0x2000}).add(uint64_t{0x1000}).add(uint32_t{1}).add(uint32_t{0});
            body.resize(8 + (i + 1) * entry_size);
        }
        return tag(6, body);
    }
    /// Ends the structure and fills in its size.
    Blob end() {
        tag(0, Blob());
        blob_.put(0, static_cast<uint32_t>(blob_.size()));
        return blob_;
    }
    /// Fills in the size without an end tag.
    Blob no_end() {
        blob_.pad(8).put(0, static_cast<uint32_t>(blob_.size()));
        return blob_;
    }

  private:
    Blob blob_;
};

/// The error, or "" for success; the bytes are where reading past their end crashes.
std::string parse(const Blob& blob, BootInfo& info, uint64_t address = kAddress) {
    GuardedMemory memory(blob.size());
    const BootError error = parse_multiboot2(memory.place(blob.bytes(), true), address, info);
    return error ? error : "";
}
std::string parse(const Blob& blob) {
    BootInfo info;
    return parse(blob, info);
}

/// Everything GRUB gives, the tags that we don't know included.
Blob ordinary() {
    return Information()
        .command_line("test=1 tick=100")
        .tag(2, Blob().add_text("GRUB 2.06").add('\0'))
        .module(0x200000, 0x300001)
        .memory_map(3)
        .tag(4, Blob().add(uint32_t{639}).add(uint32_t{64512}))
        .tag(14, Blob().resize(20))
        .tag(21, Blob().add(uint32_t{0x100000}))
        .end();
}

}  // namespace

TEST(Multiboot2, ReadsAnOrdinaryReport) {
    BootInfo info;
    EXPECT_EQ(parse(ordinary(), info), "");
    EXPECT_STREQ(info.loader, "multiboot2");
    EXPECT_STREQ(info.command_line.data(), "test=1 tick=100");
    ASSERT_EQ(info.module_count, 1u);
    EXPECT_EQ(info.modules[0].base, 0x200000u);
    EXPECT_EQ(info.modules[0].length, 0x100001u);
    ASSERT_EQ(info.region_count, 3u);
    EXPECT_EQ(info.regions[2].base, 0x4000u);
    EXPECT_EQ(info.regions[2].length, 0x1000u);
    EXPECT_EQ(info.regions[2].type, MemoryType::kUsable);
}

TEST(Multiboot2, ForgetsAnEarlierReport) {
    BootInfo info;
    EXPECT_EQ(parse(ordinary(), info), "");
    EXPECT_EQ(parse(Information().end(), info), "");
    EXPECT_STREQ(info.command_line.data(), "");
    EXPECT_EQ(info.module_count, 0u);
    EXPECT_EQ(info.region_count, 0u);
    EXPECT_EQ(info.rsdp, 0u);
}

TEST(Multiboot2, IgnoresBytesBehindTheTotalSize) {
    Blob blob = ordinary();
    blob.add(uint64_t{0xffffffffffffffff});
    EXPECT_EQ(parse(blob), "");
}

TEST(Multiboot2, TheRsdpIsThePhysicalAddressOfTheCopy) {
    BootInfo info;
    EXPECT_EQ(parse(Information().tag(14, Blob().resize(20)).end(), info), "");
    EXPECT_EQ(info.rsdp, kAddress + 16);
    EXPECT_EQ(parse(Information().command_line("1234567").tag(15, Blob().resize(36)).end(), info, 0x5000),
              "");
    EXPECT_EQ(info.rsdp, 0x5000u + 8 + 16 + 8);
}

TEST(Multiboot2, TheNewerRsdpIsPreferredInEitherOrder) {
    BootInfo info;
    EXPECT_EQ(parse(Information().tag(14, Blob().resize(20)).tag(15, Blob().resize(36)).end(), info), "");
    EXPECT_EQ(info.rsdp, kAddress + 8 + 32 + 8);
    EXPECT_EQ(parse(Information().tag(15, Blob().resize(36)).tag(14, Blob().resize(20)).end(), info), "");
    EXPECT_EQ(info.rsdp, kAddress + 8 + 8);
}

TEST(Multiboot2, RefusesAShortRsdp) {
    EXPECT_EQ(parse(Information().tag(14, Blob().resize(19)).end()),
              "the multiboot2 copy of the ACPI 1.0 RSDP is too short");
    EXPECT_EQ(parse(Information().tag(15, Blob().resize(35)).end()),
              "the multiboot2 copy of the ACPI 2.0 RSDP is too short");
}

TEST(Multiboot2, RefusesABadHeader) {
    BootInfo info;
    EXPECT_EQ(parse(ordinary(), info, kAddress + 4), "the multiboot2 information is not aligned to 8 bytes");
    EXPECT_EQ(parse(Blob()), "the multiboot2 information is too short for its header");
    EXPECT_EQ(parse(Blob().resize(7)), "the multiboot2 information is too short for its header");
    for (uint32_t size : {0u, 7u, 8u, 15u}) {
        EXPECT_EQ(parse(ordinary().put(0, size)),
                  "the multiboot2 information says it is shorter than its header and end tag");
    }
    const Blob blob = ordinary();
    for (uint32_t size : {static_cast<uint32_t>(blob.size() + 1), 0xffffffffu}) {
        EXPECT_EQ(parse(ordinary().put(0, size)),
                  "the multiboot2 information is longer than the memory it lies in");
    }
}

TEST(Multiboot2, RefusesAMissingEndTag) {
    const std::string no_end = "the multiboot2 information has no end tag";
    EXPECT_EQ(parse(Information().command_line("x").memory_map(1).no_end()), no_end);
    Blob half = Information().command_line("x").no_end();
    half.add(uint32_t{0}).put(0, static_cast<uint32_t>(half.size()));
    EXPECT_EQ(parse(half), no_end) << "half an end tag is none";
    Blob outside = Information().command_line("x").end();
    outside.put(0, static_cast<uint32_t>(outside.size() - 8));
    EXPECT_EQ(parse(outside), no_end) << "one behind the total size does not count";
}

TEST(Multiboot2, RefusesTagsOfImpossibleSize) {
    for (uint32_t size : {0u, 1u, 7u})
        EXPECT_EQ(parse(ordinary().put(12, size)), "a multiboot2 tag is smaller than its own header");
    const auto rest = static_cast<uint32_t>(ordinary().size() - 8);
    for (uint32_t size : {rest + 1, 0x7fffffffu, 0xfffffff9u, 0xffffffffu})
        EXPECT_EQ(parse(ordinary().put(12, size)), "a multiboot2 tag runs past the end of the information");
    EXPECT_EQ(parse(Information().tag(77, Blob()).end().put(12, uint32_t{16})),
              "the multiboot2 information has no end tag")
        << "a tag that swallows the end tag";
}

TEST(Multiboot2, RefusesACommandLineWithoutNull) {
    EXPECT_EQ(parse(Information().tag(1, Blob().add_text("12345678")).end()),
              "the multiboot2 command line has no terminating null");
    EXPECT_EQ(parse(Information().tag(1, Blob()).end()),
              "the multiboot2 command line has no terminating null");
}

TEST(Multiboot2, CutsALongCommandLine) {
    BootInfo info;
    EXPECT_EQ(parse(Information().command_line(std::string(255, 'a')).end(), info), "");
    EXPECT_EQ(info.command_line.data(), std::string(255, 'a'));
    EXPECT_EQ(parse(Information().command_line(std::string(1000, 'b')).end(), info), "");
    EXPECT_EQ(info.command_line.data(), std::string(255, 'b'));
}

TEST(Multiboot2, RefusesBadModules) {
    EXPECT_EQ(parse(Information().tag(3, Blob().add(1u)).end()), "a multiboot2 module tag is too short");
    EXPECT_EQ(parse(Information().module(0x2000, 0x1fff).end()), "a multiboot2 module ends before it starts");
    Information many;
    for (uint32_t i = 0; i < BootInfo::kMaximumModules; ++i) many.module(i * 16, i * 16 + 16);
    EXPECT_EQ(parse(Information(many).end()), "");
    EXPECT_EQ(parse(many.module(0x1000, 0x2000).end()), "the boot loader passed more than 4 modules");
}

TEST(Multiboot2, AcceptsLargerMemoryMapEntries) {
    BootInfo info;
    EXPECT_EQ(parse(Information().memory_map(5, 40).end(), info), "");
    ASSERT_EQ(info.region_count, 5u);
    EXPECT_EQ(info.regions[4].base, 0x8000u);
}

TEST(Multiboot2, RefusesABadMemoryMap) {
    const std::string entry_size = "the entries of the multiboot2 memory map have an impossible size";
    for (uint32_t size : {0u, 1u, 16u, 23u, 25u, 0xffffffffu}) {
        EXPECT_EQ(parse(Information().tag(6, Blob().add(size).add(0u).resize(8 + 48)).end()), entry_size)
            << size;
    }
    EXPECT_EQ(parse(Information().tag(6, Blob().add(24u)).end()),
              "the multiboot2 memory map tag is too short");
    EXPECT_EQ(parse(Information().tag(6, Blob().add(24u).add(0u).resize(8 + 47)).end()),
              "the multiboot2 memory map ends within an entry");
    EXPECT_EQ(parse(Information().tag(6, Blob().add(0xfffffff8u).add(0u).resize(8 + 48)).end()),
              "the multiboot2 memory map ends within an entry");
    EXPECT_EQ(parse(Information().memory_map(1).memory_map(1).end()),
              "the multiboot2 information has two memory maps");
}

TEST(Multiboot2, RefusesMoreRegionsThanItCanHold) {
    BootInfo info;
    EXPECT_EQ(parse(Information().memory_map(128).end(), info), "");
    EXPECT_EQ(info.region_count, 128u);
    EXPECT_EQ(parse(Information().memory_map(129).end()),
              "the boot loader's memory map has more than 128 regions");
}

TEST(Multiboot2, SurvivesEveryMutation) {
    int accepted = 0, refused = 0;
    for_each_mutation(ordinary().bytes(), 50000, [&](std::span<const std::byte> bytes) {
        BootInfo info;
        if (parse_multiboot2(bytes, kAddress, info)) {
            ++refused;
        } else {
            ++accepted;
            ASSERT_EQ(info.command_line.back(), '\0');
            ASSERT_TRUE(info.rsdp == 0 || info.rsdp - kAddress <= bytes.size() - 20);
            check_boot_info(info, 0x100000, 0x200000);
        }
        ASSERT_LE(info.region_count, BootInfo::kMaximumRegions);
        ASSERT_LE(info.module_count, BootInfo::kMaximumModules);
    });
    EXPECT_GT(accepted, 1000);
    EXPECT_GT(refused, 1000);
}
