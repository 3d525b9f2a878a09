/// @file
/// Calls patch(1).
#include <tests/grader/driver/apply_patch.h>

#include <tests/harness/process.h>
#include <tests/harness/temp_folder.h>

namespace grader {

std::string apply_patch(const std::filesystem::path& patch, const std::filesystem::path& folder) {
    const harness::TempFolder scratch;
    harness::Process process({.command = {"patch", "-s", "-p1", "-F0", "-d", folder.string(), "-i",
                                          std::filesystem::absolute(patch).string()},
                              .output = scratch / "patch.log"});
    const auto status = process.wait_status(harness::Duration(30'000));
    return status && *status == 0 ? "" : "patch: " + process.output();
}

}  // namespace grader
