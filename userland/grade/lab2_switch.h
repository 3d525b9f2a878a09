/// @file
/// What the processes of lab2_switch do, for the program and for its judge.
#pragma once

#include <cstdint>

#include <userland/grade/digest.h>
#include <userland/grade/lab2_calls.h>

/// Number of processes: init and its children.
inline constexpr uint64_t kSwitchProcesses = 4;

/// What the token in the ring of pipes has become after `rounds` rounds: each process takes one digest of it.
constexpr uint64_t switch_token(uint64_t nonce, uint64_t rounds) {
    return grade_digest(nonce, rounds * kSwitchProcesses);
}
