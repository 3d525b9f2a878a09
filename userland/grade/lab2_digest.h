/// @file
/// What lab2_digest works on, for the program and for its judge.
#pragma once

#include <cstdint>

#include <userland/grade/digest.h>

/// Words that go through the pipe, and what they give.
inline constexpr uint64_t kDigestWords = 3000;

constexpr uint64_t digest_word(uint64_t nonce, uint64_t index) {
    return grade_digest_round(nonce + index);
}
/// One more word into a digest.
constexpr uint64_t digest_step(uint64_t digest, uint64_t word) {
    return grade_digest_round(digest ^ word);
}
/// All of them.
constexpr uint64_t digest_of_words(uint64_t nonce) {
    uint64_t digest = nonce;
    for (uint64_t i = 0; i < kDigestWords; ++i) digest = digest_step(digest, digest_word(nonce, i));
    return digest;
}
/// What the child ends with.
constexpr int digest_status(uint64_t digest) {
    return static_cast<int>(digest % 200) + 1;
}
