/// @file
/// A private folder that exists as long as its owner.
#pragma once

#include <filesystem>

namespace harness {

/// A fresh folder, readable by its user alone, under $TMPDIR (or /tmp); removed with its content by the
/// destructor. Falls back to /tmp when the path would be too long for a unix socket inside.
class TempFolder {
  public:
    TempFolder();  ///< Throws InfrastructureError when it can't be made.
    ~TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const char* name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

}  // namespace harness
