/// @file
/// `<kernel/mm/frame.h>` for host tests: a real FrameAllocator over a piece of the host's memory.
#pragma once

#include <cstddef>

/// Frames of the host's pool.
inline constexpr size_t kHostFrames = 64;

/// Makes all frames of the pool free again, whatever is still in use.
void reset_host_frames();
