/// @file
/// Random bytes, for /dev/urandom and for the AT_RANDOM of new programs.
#pragma once

#include <cstddef>
#include <span>

/// Fills `out` with random bytes: the processor's when it has RDRAND, otherwise a pseudo-random sequence
/// seeded from the time-stamp counter, which is good for tests and no good for secrets. Any context except
/// NMI.
void fill_random(std::span<std::byte> out);
