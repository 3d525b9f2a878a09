/// @file
/// ELF64 for x86_64, as the System V ABI lays it down (gABI chapters 4 and 5, psABI chapter 4).
/// Invariant: docs/invariants/w-xor-x.md.

#include <kernel/elf/elf.h>

#include <algorithm>

#include <arch/x86_64/layout.h>
#include <kernel/libk/address.h>
#include <kernel/libk/bytes.h>

namespace {

struct FileHeader {
    std::array<uint8_t, 16> ident;
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t phoff;
    uint64_t shoff;
    uint32_t flags;
    uint16_t ehsize;
    uint16_t phentsize;
    uint16_t phnum;
    uint16_t shentsize;
    uint16_t shnum;
    uint16_t shstrndx;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t filesz;
    uint64_t memsz;
    uint64_t align;
};
static_assert(sizeof(ProgramHeader) == 56);

constexpr uint8_t kELFCLASS64 = 2;
constexpr uint8_t kELFDATA2LSB = 1;
constexpr uint32_t kEV_CURRENT = 1;
constexpr uint16_t kET_EXEC = 2;
constexpr uint16_t kET_DYN = 3;
constexpr uint16_t kEM_X86_64 = 62;
constexpr uint32_t kPT_LOAD = 1;
constexpr uint32_t kPT_INTERP = 3;
constexpr uint32_t kPF_X = 1;
constexpr uint32_t kPF_W = 2;

const char* check_file_header(const FileHeader& header) {
    const auto& ident = header.ident;
    if (ident[0] != 0x7f || ident[1] != 'E' || ident[2] != 'L' || ident[3] != 'F')
        return "not an ELF file: the magic number is missing";
    if (ident[4] != kELFCLASS64) return "not a 64-bit ELF file";
    if (ident[5] != kELFDATA2LSB) return "not a little-endian ELF file";
    if (ident[6] != kEV_CURRENT || header.version != kEV_CURRENT) return "an unknown version of ELF";
    if (header.machine != kEM_X86_64) return "an ELF file for another processor than x86_64";
    if (header.type == kET_DYN)
        return "a position-independent ELF file (ET_DYN): link it with -static -no-pie to get an ET_EXEC";
    if (header.type != kET_EXEC) return "an ELF file, but not an executable (ET_EXEC)";
    if (header.phnum == 0) return "the executable has no program headers";
    if (header.phentsize != sizeof(ProgramHeader))
        return "the executable's program headers have a wrong size";
    return nullptr;
}

const char* check_segment(const ElfSegment& segment, uint64_t file_size) {
    if (segment.memory_size < segment.file_size) return "a segment has more bytes in the file than in memory";
    if (!range_fits(segment.file_offset, segment.file_size, file_size))
        return "a segment's bytes run past the end of the file";
    if (segment.vaddr < kUserMinimum) return "a segment lies below the lowest user address, 0x10000";
    if (!range_fits(segment.vaddr, segment.memory_size, kUserLimit))
        return "a segment lies above the highest user address or wraps round";
    if (segment.vaddr % kPageSize != segment.file_offset % kPageSize)
        return "a segment's address and its offset in the file differ within the page";
    if (segment.writable && segment.executable) return "a segment is both writable and executable";
    return nullptr;
}

/// Permissions belong to pages, so segments must not even share one.
bool share_a_page(const ElfSegment& a, const ElfSegment& b) {
    return align_down(a.vaddr, kPageSize) < align_up(b.vaddr + b.memory_size, kPageSize) &&
           align_down(b.vaddr, kPageSize) < align_up(a.vaddr + a.memory_size, kPageSize);
}

const char* add_segment(const ProgramHeader& program, uint64_t file_size, ElfImage& out) {
    const ElfSegment segment{.vaddr = program.vaddr,
                             .memory_size = program.memsz,
                             .file_offset = program.offset,
                             .file_size = program.filesz,
                             .writable = (program.flags & kPF_W) != 0,
                             .executable = (program.flags & kPF_X) != 0};
    if (const char* error = check_segment(segment, file_size)) return error;
    if (segment.memory_size == 0) return nullptr;  // nothing to map
    for (const ElfSegment& other : out.loaded())
        if (share_a_page(segment, other)) return "two segments overlap or share a page";
    if (out.segment_count == ElfImage::kMaximumSegments) return "the executable has more than 16 segments";
    out.segments[out.segment_count++] = segment;
    return nullptr;
}

bool entry_is_executable(const ElfImage& image) {
    for (const ElfSegment& segment : image.loaded()) {
        if (segment.executable && image.entry >= segment.vaddr &&
            image.entry - segment.vaddr < segment.memory_size)
            return true;
    }
    return false;
}

/// The address at which `length` bytes of the file from `offset` on can be read in memory, or 0.
uint64_t loaded_address(const ElfImage& image, uint64_t offset, uint64_t length) {
    for (const ElfSegment& segment : image.loaded()) {
        if (offset >= segment.file_offset &&
            range_fits(offset - segment.file_offset, length, segment.file_size))
            return segment.vaddr + (offset - segment.file_offset);
    }
    return 0;
}

}  // namespace

const char* parse_elf(std::span<const std::byte> head, uint64_t file_size, ElfImage& out) {
    head = head.first(std::min<uint64_t>({head.size(), file_size, kPageSize}));
    FileHeader header;
    if (!read_at(head, 0, header)) return "the file is too short for an ELF header";
    if (const char* error = check_file_header(header)) return error;
    const uint64_t table_size = uint64_t{header.phnum} * sizeof(ProgramHeader);
    if (!range_fits(header.phoff, table_size, head.size()))
        return "the executable's program headers do not lie within its first 4096 bytes";

    out.entry = header.entry;
    out.segment_count = 0;
    out.phnum = header.phnum;
    out.phentsize = header.phentsize;
    for (uint64_t i = 0; i < header.phnum; ++i) {
        ProgramHeader program;
        read_at(head, header.phoff + i * sizeof program, program);
        if (program.type == kPT_INTERP)
            return "the executable is dynamically linked, which is not supported: link it with -static";
        if (program.type != kPT_LOAD) continue;  // the program's own business, such as notes
        if (const char* error = add_segment(program, file_size, out)) return error;
    }
    if (out.segment_count == 0) return "the executable has nothing to load";
    if (!entry_is_executable(out)) return "the entry point lies outside of every executable segment";
    out.phdr_vaddr = loaded_address(out, header.phoff, table_size);
    return nullptr;
}
