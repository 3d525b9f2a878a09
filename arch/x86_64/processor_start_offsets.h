/// @file
/// Offsets that the start of further processors needs, listed with the macros of asm_offsets.cpp. The tree
/// starts none.
#pragma once

/// Their list: nothing.
#define PROCESSOR_START_OFFSETS() (void)0
