/// @file
/// What the processes of lab4_work compute together, for the program and for its judge.
#pragma once

#include <cstdint>

#include <userland/grade/digest.h>

/// Processes in the ring, init among them, and times that the token goes round.
inline constexpr uint64_t kWorkers = 4;
inline constexpr uint64_t kWorkRounds = 250;
/// After so many rounds init forks a helper.
inline constexpr uint64_t kHelperEvery = 10;

/// What worker `number` makes of the token.
constexpr uint64_t work_step(uint64_t token, uint64_t number) {
    return grade_digest_round(token + number + 1);
}
/// The status with which the helper of a round exits.
constexpr uint64_t helper_status(uint64_t token) {
    return grade_digest_round(token ^ 0x4e1f) >> 57;
}

/// The token after all rounds, begun with `nonce`.
constexpr uint64_t work_result(uint64_t nonce) {
    uint64_t token = nonce;
    for (uint64_t round = 0; round < kWorkRounds; ++round) {
        for (uint64_t worker = 0; worker < kWorkers; ++worker) token = work_step(token, worker);
        if (round % kHelperEvery == 0) token += helper_status(token);
    }
    return token;
}
