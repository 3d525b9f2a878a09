/// @file
/// Where a submission's code is compiled and run: without a network, without the rest of the disk, and with
/// limits.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace grader {

/// What a command in the sandbox can see besides the system's own programs. Paths are absolute; in the
/// sandbox they are the same.
struct SandboxView {
    std::vector<std::filesystem::path> readable = {};
    std::vector<std::filesystem::path> writable = {};
    std::filesystem::path folder;  ///< where the command starts; visible by one of the above
    std::map<std::string, std::string> environment = {};  ///< all it gets, but for PATH, HOME and LC_ALL
};

/// True when bubblewrap works on this machine: it may be missing, or forbidden as in some containers.
bool sandbox_works();

/// The command that runs `command` in the sandbox: with bubblewrap where it works, else just with this
/// environment in this folder.
std::vector<std::string> sandboxed(const SandboxView& view, const std::vector<std::string>& command);

}  // namespace grader
