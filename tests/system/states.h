/// @file
/// The built states of the kernel that `make test` hands over in the environment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tests/harness/options.h>

/// The number in this variable of the environment, or `otherwise` when there is none.
uint64_t number_from(const char* variable, uint64_t otherwise);

/// Names of the states that were built, lowest first: "sol0", "sol1", ... from TRAPLINE_STATES. Learners'
/// states ("lab1") are left out: what they do is not known beforehand.
const std::vector<std::string>& solutions();
/// True when `state` is among them. A tree written by `make tree` holds a single state.
bool has_state(const std::string& state);
/// The states whose shell must work for ever: chapter 2's, and the highest from chapter 4 on, chapter 6's
/// with four processors as well. Chapter 3's breaks on purpose.
std::vector<std::string> states_with_shell();

/// The repository's root, from TRAPLINE_ROOT.
std::filesystem::path source_root();
/// A file of a state's build folder, such as "programs/bin/sh". Throws InfrastructureError when there is
/// none.
std::filesystem::path built_file(const std::string& state, const std::string& name);

/// `state` as a part of a test's name: a variant's, such as "sol6+LOCK_CHECKS", has more than letters and
/// digits.
std::string test_name(std::string state);

// Below "sol6x4" is sol6 on a machine with four processors.

/// A machine that boots `state` straight from its ELF file, or through `boot`.
harness::MachineOptions state_options(const std::string& state,
                                      harness::BootPath boot = harness::BootPath::kPvh);

/// What `state` prints once it has booted as far as it can.
std::string last_boot_text(const std::string& state);
