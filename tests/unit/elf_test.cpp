/// @file
/// The executable parser: a well-formed program, every rule broken in turn, and random damage.
/// Checks docs/invariants/w-xor-x.md.

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include <arch/x86_64/layout.h>
#include <kernel/elf/elf.h>
#include <tests/unit/support/blob.h>

namespace {

// Offsets of fields in the file header.
constexpr size_t kClass = 4, kData = 5, kIdentVersion = 6, kType = 16, kMachine = 18, kVersion = 20,
                 kEntry = 24, kPhoff = 32, kPhentsize = 54, kPhnum = 56;
constexpr size_t kHeaderSize = 64, kPhentry = 56;

constexpr uint32_t kLoad = 1, kInterp = 3, kNote = 4, kGnuStack = 0x6474e551;
constexpr uint32_t kX = 1, kW = 2, kR = 4;

struct Segment {
    uint32_t type = kLoad;
    uint32_t flags = kR;
    uint64_t offset = 0;
    uint64_t vaddr = 0x10000;
    uint64_t file_size = 0x1000;
    uint64_t memory_size = 0x1000;
};

constexpr uint64_t kFileSize = 0x10000;

Blob elf_of(const std::vector<Segment>& segments, uint64_t entry) {
    Blob blob;
    blob.add_text(
            "\x7f"
            "ELF")
        .add(uint8_t{2})
        .add(uint8_t{1})
        .add(uint8_t{1})
        .resize(16);
    blob.add(uint16_t{2}).add(uint16_t{62}).add(uint32_t{1}).add(entry);
    blob.add(uint64_t{kHeaderSize}).add(uint64_t{0}).add(uint32_t{0}).add(uint16_t{64});
    blob.add(uint16_t{kPhentry}).add(static_cast<uint16_t>(segments.size()));
    blob.add(uint16_t{64}).add(uint16_t{0}).add(uint16_t{0});
    for (const Segment& s : segments) {
        blob.add(s.type).add(s.flags).add(s.offset).add(s.vaddr).add(s.vaddr);
        blob.add(s.file_size).add(s.memory_size).add(uint64_t{0x1000});
    }
    return blob;
}

/// As a linker makes it: headers, text, read-only data, data with some zeros behind it.
std::vector<Segment> ordinary_segments() {
    return {
        {kLoad, kR, 0, 0x10000, 0x200, 0x200},    {kLoad, kR | kX, 0x1000, 0x11000, 0x1234, 0x1234},
        {kLoad, kR, 0x3000, 0x13000, 0x10, 0x10}, {kLoad, kR | kW, 0x3ff0, 0x14ff0, 0x20, 0x5000},
        {kNote, kR, 0x200, 0x10200, 0x20, 0x20},  {kGnuStack, kR | kW, 0, 0, 0, 0},
    };
}
Blob ordinary() {
    return elf_of(ordinary_segments(), 0x11010);
}

std::string parse(const Blob& blob, ElfImage& image, uint64_t file_size = kFileSize) {
    GuardedMemory memory(blob.size());
    const char* error = parse_elf(memory.place(blob.bytes(), true), file_size, image);
    return error ? error : "";
}
std::string parse(const Blob& blob, uint64_t file_size = kFileSize) {
    ElfImage image;
    return parse(blob, image, file_size);
}
/// A program of good text and one more segment.
std::string parse_with(const Segment& segment) {
    return parse(elf_of({{kLoad, kR | kX, 0x1000, 0x11000, 0x1000, 0x1000}, segment}, 0x11000));
}

const std::string kTooShort = "the file is too short for an ELF header";
const std::string kHeadersOutside = "the executable's program headers do not lie within its first 4096 bytes";
const std::string kAbove = "a segment lies above the highest user address or wraps round";
const std::string kShare = "two segments overlap or share a page";

}  // namespace

TEST(Elf, ReadsAnOrdinaryExecutable) {
    ElfImage image;
    EXPECT_EQ(parse(ordinary(), image), "");
    EXPECT_EQ(image.entry, 0x11010u);
    ASSERT_EQ(image.segment_count, 4u);
    EXPECT_EQ(image.segments[1].vaddr, 0x11000u);
    EXPECT_EQ(image.segments[1].file_offset, 0x1000u);
    EXPECT_EQ(image.segments[1].file_size, 0x1234u);
    EXPECT_TRUE(image.segments[1].executable);
    EXPECT_FALSE(image.segments[1].writable);
    EXPECT_EQ(image.segments[3].memory_size, 0x5000u);
    EXPECT_EQ(image.segments[3].file_size, 0x20u);
    EXPECT_TRUE(image.segments[3].writable);
    EXPECT_FALSE(image.segments[3].executable);
    EXPECT_EQ(image.phdr_vaddr, 0x10040u);
    EXPECT_EQ(image.phnum, 6u);
    EXPECT_EQ(image.phentsize, 56u);
}

TEST(Elf, ReadsThisTestProgramsOwnKindOfFile) {
    // Whatever the host's linker made: position independent or not, the parser must understand what it is.
    std::ifstream file("/proc/self/exe", std::ios::binary);
    std::vector<char> head(4096);
    file.read(head.data(), 4096);
    ASSERT_EQ(file.gcount(), 4096);
    file.seekg(0, std::ios::end);
    ElfImage image;
    const char* error = parse_elf(std::as_bytes(std::span(head)), static_cast<uint64_t>(file.tellg()), image);
    ASSERT_NE(error, nullptr) << "a test program is dynamically linked";
#if defined(__x86_64__)
    EXPECT_TRUE(std::string(error).find("ET_DYN") != std::string::npos ||
                std::string(error).find("dynamically linked") != std::string::npos)
        << error;
#else
    EXPECT_STREQ(error, "an ELF file for another processor than x86_64");
#endif
}

TEST(Elf, HeadersThatAreNotLoadedHaveNoAddress) {
    ElfImage image;
    EXPECT_EQ(parse(elf_of({{kLoad, kR | kX, 0x1000, 0x11000, 0x1000, 0x1000}}, 0x11000), image), "");
    EXPECT_EQ(image.phdr_vaddr, 0u);
    // Only a part of them is.
    EXPECT_EQ(
        parse(elf_of({{kLoad, kR | kX, 0, 0x10000, kHeaderSize + kPhentry - 1, 0x1000}}, 0x10000), image),
        "");
    EXPECT_EQ(image.phdr_vaddr, 0u);
    EXPECT_EQ(parse(elf_of({{kLoad, kR | kX, 0, 0x10000, kHeaderSize + kPhentry, 0x1000}}, 0x10000), image),
              "");
    EXPECT_EQ(image.phdr_vaddr, 0x10000u + kHeaderSize);
}

TEST(Elf, ARequestForAnExecutableStackChangesNothing) {
    auto segments = ordinary_segments();
    segments.back().flags = kR | kW | kX;
    EXPECT_EQ(parse(elf_of(segments, 0x11010)), "");
}

TEST(Elf, RefusesWhatIsNoElfFile) {
    EXPECT_EQ(parse(Blob()), kTooShort);
    EXPECT_EQ(parse(ordinary().resize(63)), kTooShort);
    EXPECT_EQ(parse(ordinary(), 63), kTooShort) << "the file's size counts, not the buffer's";
    EXPECT_EQ(parse(Blob().add_text("#!/bin/sh\n").resize(100)),
              "not an ELF file: the magic number is missing");
    for (size_t i = 0; i < 4; ++i)
        EXPECT_EQ(parse(ordinary().put(i, 'x')), "not an ELF file: the magic number is missing");
}

TEST(Elf, RefusesOtherKindsOfElfFile) {
    EXPECT_EQ(parse(ordinary().put(kClass, uint8_t{1})), "not a 64-bit ELF file");
    EXPECT_EQ(parse(ordinary().put(kData, uint8_t{2})), "not a little-endian ELF file");
    EXPECT_EQ(parse(ordinary().put(kIdentVersion, uint8_t{0})), "an unknown version of ELF");
    EXPECT_EQ(parse(ordinary().put(kVersion, uint32_t{2})), "an unknown version of ELF");
    for (uint16_t machine : {uint16_t{3}, uint16_t{183}, uint16_t{243}})
        EXPECT_EQ(parse(ordinary().put(kMachine, machine)), "an ELF file for another processor than x86_64");
    EXPECT_EQ(parse(ordinary().put(kType, uint16_t{3})),
              "a position-independent ELF file (ET_DYN): link it with -static -no-pie to get an ET_EXEC");
    for (uint16_t type : {uint16_t{0}, uint16_t{1}, uint16_t{4}})
        EXPECT_EQ(parse(ordinary().put(kType, type)), "an ELF file, but not an executable (ET_EXEC)");
}

TEST(Elf, RefusesDynamicallyLinkedPrograms) {
    auto segments = ordinary_segments();
    segments.insert(segments.begin(), {kInterp, kR, 0x200, 0x10200, 0x20, 0x20});
    EXPECT_EQ(parse(elf_of(segments, 0x11010)),
              "the executable is dynamically linked, which is not supported: link it with -static");
}

TEST(Elf, RefusesBadProgramHeaderTables) {
    EXPECT_EQ(parse(ordinary().put(kPhnum, uint16_t{0})), "the executable has no program headers");
    for (uint16_t size : {uint16_t{0}, uint16_t{32}, uint16_t{55}, uint16_t{57}, uint16_t{0xffff}})
        EXPECT_EQ(parse(ordinary().put(kPhentsize, size)),
                  "the executable's program headers have a wrong size");
    EXPECT_EQ(parse(ordinary().put(kPhnum, uint16_t{7})), kHeadersOutside) << "past the end of a short head";
    EXPECT_EQ(parse(ordinary().put(kPhnum, uint16_t{0xffff})), kHeadersOutside);
    for (uint64_t offset :
         {uint64_t{65}, uint64_t{4095}, uint64_t{1} << 63, UINT64_MAX, UINT64_MAX - 6 * 56 + 1})
        EXPECT_EQ(parse(ordinary().put(kPhoff, offset)), kHeadersOutside) << offset;
}

TEST(Elf, TheProgramHeadersMustLieInTheFirstPage) {
    // 72 headers just fit behind the file header, 73 do not.
    std::vector<Segment> segments(72, {kNote, kR, 0, 0, 0, 0});
    segments[0] = {kLoad, kR | kX, 0, 0x10000, 0x1000, 0x1000};
    EXPECT_EQ(parse(elf_of(segments, 0x10000)), "");
    segments.push_back({kNote, kR, 0, 0, 0, 0});
    EXPECT_EQ(parse(elf_of(segments, 0x10000)), kHeadersOutside)
        << "although the caller passed more than a page";
}

TEST(Elf, ATableAtAnOddOffsetIsRead) {
    Blob blob;
    const Blob good = elf_of({{kLoad, kR | kX, 0x1000, 0x11000, 0x1000, 0x1000}}, 0x11000);
    for (std::byte byte : good.bytes().first(kHeaderSize)) blob.add(byte);
    blob.add('x');
    for (std::byte byte : good.bytes().subspan(kHeaderSize)) blob.add(byte);
    EXPECT_EQ(parse(blob.put(kPhoff, uint64_t{kHeaderSize + 1})), "");
}

TEST(Elf, RefusesFileRangesPastTheEnd) {
    const std::string past = "a segment's bytes run past the end of the file";
    EXPECT_EQ(parse_with({kLoad, kR, 0xf000, 0x20000, 0x1000, 0x1000}), "");
    EXPECT_EQ(parse_with({kLoad, kR, 0xf000, 0x20000, 0x1001, 0x2000}), past);
    EXPECT_EQ(parse_with({kLoad, kR, 0x11000, 0x20000, 1, 1}), past);
    EXPECT_EQ(parse_with({kLoad, kR, UINT64_MAX - 0xfff, 0x20000, 0x2000, 0x2000}), past);
    EXPECT_EQ(parse_with({kLoad, kR, 0x1000, 0x20000, UINT64_MAX - 0xfff, UINT64_MAX}), past);
}

TEST(Elf, RefusesLessMemoryThanFile) {
    EXPECT_EQ(parse_with({kLoad, kR, 0x2000, 0x20000, 0x11, 0x10}),
              "a segment has more bytes in the file than in memory");
}

TEST(Elf, RefusesAddressesOutsideOfUserMemory) {
    const std::string below = "a segment lies below the lowest user address, 0x10000";
    EXPECT_EQ(parse_with({kLoad, kR, 0, 0, 0x10, 0x10}), below);
    EXPECT_EQ(parse_with({kLoad, kR, 0xfff, 0xffff, 1, 2}), below);
    EXPECT_EQ(parse_with({kLoad, kR, 0, 0x10000, 1, 0x1000}), "");

    EXPECT_EQ(parse_with({kLoad, kR, 0, kUserLimit - 0x1000, 1, 0x1000}), "") << "the last page is ours";
    EXPECT_EQ(parse_with({kLoad, kR, 0, kUserLimit - 0x1000, 1, 0x1001}), kAbove);
    EXPECT_EQ(parse_with({kLoad, kR, 0, kUserLimit, 1, 1}), kAbove);
    EXPECT_EQ(parse_with({kLoad, kR, 0, 0x800000000000, 1, 1}), kAbove);
    EXPECT_EQ(parse_with({kLoad, kR, 0, 0xffffffff80000000, 1, 1}), kAbove) << "the kernel's half";
}

TEST(Elf, RefusesSegmentsThatWrap) {
    EXPECT_EQ(parse_with({kLoad, kR, 0, 0x20000, 1, UINT64_MAX}), kAbove);
    EXPECT_EQ(parse_with({kLoad, kR, 0, 0x20000, 1, 0 - uint64_t{0x20000}}), kAbove);
    EXPECT_EQ(parse_with({kLoad, kR, 0, UINT64_MAX - 0xfff, 1, 0x2000}), kAbove);
}

TEST(Elf, RefusesAnOffsetThatDoesNotMatchTheAddress) {
    const std::string differ = "a segment's address and its offset in the file differ within the page";
    EXPECT_EQ(parse_with({kLoad, kR, 0x2001, 0x20000, 1, 1}), differ);
    EXPECT_EQ(parse_with({kLoad, kR, 0x2000, 0x20001, 1, 1}), differ);
    EXPECT_EQ(parse_with({kLoad, kR, 0x2123, 0x20123, 1, 1}), "");
}

TEST(Elf, RefusesWritableAndExecutable) {
    EXPECT_EQ(parse_with({kLoad, kR | kW | kX, 0x2000, 0x20000, 1, 1}),
              "a segment is both writable and executable");
}

TEST(Elf, RefusesSegmentsThatOverlapOrShareAPage) {
    const Segment text{kLoad, kR | kX, 0x1000, 0x11000, 0x1000, 0x1000};
    EXPECT_EQ(parse_with(text), kShare) << "the same again";
    EXPECT_EQ(parse_with({kLoad, kR, 0, 0x10000, 1, 0x3000}), kShare) << "around it";
    EXPECT_EQ(parse_with({kLoad, kR, 0x1800, 0x11800, 1, 1}), kShare) << "inside it";
    EXPECT_EQ(parse_with({kLoad, kR, 0, 0x10000, 1, 0x1001}), kShare) << "one byte into its first page";
    EXPECT_EQ(parse_with({kLoad, kR, 0, 0x10000, 1, 0x1000}), "") << "right below it";
    EXPECT_EQ(parse_with({kLoad, kR | kW, 0x2000, 0x12000, 1, 1}), "") << "right above it";

    // Disjoint bytes in one page, with other permissions and with the same.
    const Segment first{kLoad, kR | kX, 0x1000, 0x11000, 0x100, 0x100};
    EXPECT_EQ(parse(elf_of({first, {kLoad, kR | kW, 0x1800, 0x11800, 0x100, 0x100}}, 0x11000)), kShare);
    EXPECT_EQ(parse(elf_of({first, {kLoad, kR | kX, 0x1800, 0x11800, 0x100, 0x100}}, 0x11000)), kShare);
}

TEST(Elf, RefusesMoreSegmentsThanItCanHold) {
    std::vector<Segment> segments;
    for (uint64_t i = 0; i < 16; ++i) segments.push_back({kLoad, kR | kX, 0, 0x10000 + i * 0x1000, 1, 1});
    EXPECT_EQ(parse(elf_of(segments, 0x10000)), "");
    segments.push_back({kLoad, kR, 0, 0x40000, 1, 1});
    EXPECT_EQ(parse(elf_of(segments, 0x10000)), "the executable has more than 16 segments");
    segments.back() = {kLoad, kR, 0, 0x40000, 0, 0};
    EXPECT_EQ(parse(elf_of(segments, 0x10000)), "") << "an empty segment takes no place";
}

TEST(Elf, RefusesAnEntryOutsideOfExecutableMemory) {
    const std::string outside = "the entry point lies outside of every executable segment";
    for (uint64_t entry : {uint64_t{0}, uint64_t{0x10fff}, uint64_t{0x12234}, uint64_t{0x10000},
                           uint64_t{0x14ff0}, kUserLimit, uint64_t{1} << 63, UINT64_MAX})
        EXPECT_EQ(parse(ordinary().put(kEntry, entry)), outside) << entry;
    EXPECT_EQ(parse(ordinary().put(kEntry, uint64_t{0x11000})), "");
    EXPECT_EQ(parse(ordinary().put(kEntry, uint64_t{0x12233})), "");
}

TEST(Elf, RefusesAProgramWithNothingToLoad) {
    EXPECT_EQ(parse(elf_of({{kNote, kR, 0, 0, 0, 0}}, 0x10000)), "the executable has nothing to load");
    EXPECT_EQ(parse(elf_of({{kLoad, kR | kX, 0, 0x10000, 0, 0}}, 0x10000)),
              "the executable has nothing to load");
}

TEST(Elf, SurvivesEveryMutation) {
    int accepted = 0, refused = 0;
    for_each_mutation(ordinary().bytes(), 100000, [&](std::span<const std::byte> bytes) {
        ElfImage image;
        if (parse_elf(bytes, kFileSize, image)) {
            ++refused;
            return;
        }
        ++accepted;
        ASSERT_GE(image.segment_count, 1u);
        ASSERT_LE(image.segment_count, ElfImage::kMaximumSegments);
        bool entry_found = false;
        for (size_t i = 0; i < image.segment_count; ++i) {
            const ElfSegment& s = image.segments[i];
            ASSERT_GE(s.vaddr, kUserMinimum);
            ASSERT_LT(s.vaddr, kUserLimit);
            ASSERT_GT(s.memory_size, 0u);
            ASSERT_LE(s.memory_size, kUserLimit - s.vaddr);
            ASSERT_LE(s.file_size, s.memory_size);
            ASSERT_LE(s.file_offset, kFileSize);
            ASSERT_LE(s.file_size, kFileSize - s.file_offset);
            ASSERT_FALSE(s.writable && s.executable);
            entry_found |= s.executable && image.entry >= s.vaddr && image.entry < s.vaddr + s.memory_size;
            for (size_t j = 0; j < i; ++j) {
                const ElfSegment& other = image.segments[j];
                const uint64_t first = s.vaddr / 4096, last = (s.vaddr + s.memory_size - 1) / 4096;
                const uint64_t other_first = other.vaddr / 4096;
                const uint64_t other_last = (other.vaddr + other.memory_size - 1) / 4096;
                ASSERT_TRUE(last < other_first || other_last < first);
            }
        }
        ASSERT_TRUE(entry_found);
    });
    EXPECT_GT(accepted, 1000);
    EXPECT_GT(refused, 1000);
}
