/// @file
/// Offsets that only a chapter's own entry paths need, listed with the macros of asm_offsets.cpp. The tree
/// needs none.
#pragma once

/// Their list: nothing.
#define ENTRY_OFFSETS() (void)0
