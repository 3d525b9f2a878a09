/// @file
/// Understands and checks the headers of an ELF64 executable. Maps nothing: exec does that from the
/// description.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

/// One stretch of a program's memory. The bytes behind `file_size` up to `memory_size` are zero. Always
/// readable.
struct ElfSegment {
    uint64_t vaddr = 0;        ///< congruent to file_offset modulo the page size
    uint64_t memory_size = 0;  ///< bytes, never 0
    uint64_t file_offset = 0;  ///< bytes from the file's start
    uint64_t file_size = 0;    ///< bytes, at most memory_size
    bool writable = false;     ///< PF_W
    bool executable = false;   ///< never together with writable
};

/// An executable as parse_elf() has checked it: no two segments share a page, and all lie between
/// kUserMinimum and kUserLimit.
struct ElfImage {
    static constexpr size_t kMaximumSegments = 16;  ///< room for segments; a program with more is refused

    uint64_t entry = 0;                                   ///< in an executable segment
    std::array<ElfSegment, kMaximumSegments> segments{};  ///< in the order of the file
    size_t segment_count = 0;                             ///< how many of them are filled in
    uint64_t phdr_vaddr = 0;  ///< for AT_PHDR: where the program headers are in memory, 0 when they are not
    uint16_t phnum = 0;       ///< for AT_PHNUM
    uint16_t phentsize = 0;   ///< for AT_PHENT

    /// The segments that are filled in.
    std::span<const ElfSegment> loaded() const { return {segments.data(), segment_count}; }
};

/// Reads the headers of an executable file of `file_size` bytes into `out`. `head` is the file's first page,
/// or all of a shorter file. Returns null, or what is wrong in plain words (`out` is then undefined).
/// Statically linked executables at fixed addresses (ET_EXEC) only. Any context.
const char* parse_elf(std::span<const std::byte> head, uint64_t file_size, ElfImage& out);
