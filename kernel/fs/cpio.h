/// @file
/// Reads cpio archives of the "newc" form, in which the initramfs comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// One file, directory or other node of an archive. Name and data lie in the archive.
struct CpioEntry {
    std::string_view name;            ///< relative, no `..`; may start with `./` and be `.` itself
    uint32_t mode = 0;                ///< type and permissions, as in `st_mode`
    std::span<const std::byte> data;  ///< of a file; a symbolic link's target
};

/// Walks through an archive from start to end. Trusts nothing in it; reads nothing outside of it.
class CpioReader {
  public:
    /// What next() has found.
    enum class Status {
        kEntry,  ///< the next entry has been read
        kEnd,    ///< the archive's trailer has been reached
        kError,  ///< the archive is broken here; error() says how
    };

    /// `archive` must outlive the reader and its entries.
    explicit CpioReader(std::span<const std::byte> archive) : archive_(archive) {}

    /// Reads the next entry into `entry`, which is untouched unless kEntry is returned. After kEnd or kError
    /// the answer stays the same.
    Status next(CpioEntry& entry);
    /// What is wrong with the archive in plain words, or null.
    const char* error() const { return error_; }

  private:
    Status fail(const char* error);

    std::span<const std::byte> archive_;
    uint64_t offset_ = 0;  ///< of the next header, from the archive's start
    bool ended_ = false;
    const char* error_ = nullptr;
};
