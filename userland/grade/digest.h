/// @file
/// What the grader's programs compute, and the grader itself for comparison.
#pragma once

#include <cstdint>

/// One round of the digest: xorshift and a multiplication, as assembly can do it in a few instructions too.
constexpr uint64_t grade_digest_round(uint64_t value) {
    value ^= value << 13;
    value ^= value >> 7;
    value ^= value << 17;
    return value * 0x2545'f491'4f6c'dd1d;
}

/// `rounds` rounds over `nonce`, which must not be 0.
constexpr uint64_t grade_digest(uint64_t nonce, uint64_t rounds) {
    for (uint64_t i = 0; i < rounds; i++) nonce = grade_digest_round(nonce);
    return nonce;
}
