/// @file
/// Makes and removes a private folder.
#include <tests/harness/error.h>
#include <tests/harness/temp_folder.h>

#include <cstdlib>
#include <string>

namespace harness {

namespace {

/// A unix socket's path has 108 bytes; this leaves room for our longest file name.
constexpr size_t kLongestFolder = 80;

}  // namespace

TempFolder::TempFolder() {
    const char* tmpdir = std::getenv("TMPDIR");
    const std::string name = "/trapline-XXXXXX";
    std::string pattern = (tmpdir && *tmpdir ? tmpdir : "/tmp") + name;
    if (pattern.size() > kLongestFolder) pattern = "/tmp" + name;
    if (!mkdtemp(pattern.data())) throw_errno("cannot make a temporary folder like " + pattern);
    path_ = pattern;
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace harness
