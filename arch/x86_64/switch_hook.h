/// @file
/// For switch.S: what it does for the scheduler once prev's stack is no longer in use. With one processor,
/// nothing: prev runs again when that same processor says so.
#pragma once
// This is assembly.
// clang-format off

/// In switch_context(), with prev in RDI: nothing.
#define PREV_HAS_STOPPED
