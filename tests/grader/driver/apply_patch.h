/// @file
/// Changing files by a patch that must fit exactly.
#pragma once

#include <filesystem>
#include <string>

namespace grader {

/// Applies `patch` to the files in `folder`. Empty, or what patch(1) said.
std::string apply_patch(const std::filesystem::path& patch, const std::filesystem::path& folder);

}  // namespace grader
