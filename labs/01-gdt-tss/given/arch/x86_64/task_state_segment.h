/// @file
/// The task state segment: the stacks that the processor itself switches to (Intel SDM 3A, 7.7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// Interrupt stacks of exceptions that may hit when RSP can't be trusted. Numbers are those of the IDT's IST
/// field, 1 to 7; 0 means no change of stack. One each: they may interrupt one another.
enum InterruptStack : uint8_t {
    kIstNmi = 1,
    kIstDebug = 2,
    kIstMachineCheck = 3,
    kIstDoubleFault = 4,
};

/// The 64-bit TSS (Intel SDM 3A, figure 7-11). Packed: its 64-bit fields are not aligned.
struct [[gnu::packed]] TaskStateSegment {
    uint32_t reserved0 = 0;         ///< 0
    uint64_t rsp0 = 0;              ///< stack on entry from ring 3
    uint64_t rsp1 = 0;              ///< stack on entry to ring 1: never
    uint64_t rsp2 = 0;              ///< stack on entry to ring 2: never
    uint64_t reserved1 = 0;         ///< 0
    std::array<uint64_t, 7> ist{};  ///< ist[n - 1] is the top of interrupt stack n
    uint64_t reserved2 = 0;         ///< 0
    uint16_t reserved3 = 0;         ///< 0
    uint16_t io_map_base =
        0;  ///< offset of the I/O permission map in bytes; at or behind the limit: no port for ring 3
};
static_assert(sizeof(TaskStateSegment) == 104);
static_assert(offsetof(TaskStateSegment, rsp0) == 4);
static_assert(offsetof(TaskStateSegment, ist) == 36);
static_assert(offsetof(TaskStateSegment, io_map_base) == 102);
