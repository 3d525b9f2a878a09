/// @file
/// The fields of segment descriptors, as the figures of the manual number their bits (Intel SDM 3A, figures
/// 3-8 and 7-4).
#pragma once

#include <cstdint>
#include <string>

/// Bits [high:low] of `value`.
uint64_t bits(uint64_t value, int high, int low);

/// What a code or data descriptor describes, in words: "64-bit code of ring 0", "data of ring 3", "nothing"
/// for 0, or what is wrong with it.
std::string segment_kind(uint64_t descriptor);

/// The base in the two words of a 64-bit TSS's descriptor.
uint64_t tss_base(uint64_t low, uint64_t high);
/// The limit in the first of them, in the unit that the descriptor says.
uint64_t tss_limit(uint64_t low);
