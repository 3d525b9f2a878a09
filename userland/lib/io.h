/// @file
/// Reading and writing in the portions that programs want: everything, or a line at a time.
#pragma once

#include <cstddef>

/// Writes all of `data`, in as many calls as it takes. Returns 0 or a negative errno.
long write_all(int fd, const void* data, size_t size);

/// Opens `path` for reading; "-" stands for descriptor 0. Returns a descriptor or a negative errno.
long open_input(const char* path);

/// Takes a file apart into lines.
class LineReader {
  public:
    /// The longest line that comes in one piece; a longer one comes in several.
    static constexpr size_t kMaximum = 1023;

    /// Reads from `fd` up to `chunk` bytes ahead (at most 512). 1 leaves what follows the line to whoever
    /// reads the same file next.
    explicit LineReader(int fd, size_t chunk = 512) : fd_(fd), chunk_(chunk) {}

    /// Gets the next line. False at the end of the file or after an error (see error()).
    bool next();
    /// The line without its newline, null-terminated, to be changed at will until the next call.
    char* text() { return line_; }
    /// Bytes in the line; more than strlen(text()) when it holds null bytes.
    size_t length() const { return length_; }
    /// True when a newline ended this line: false for a piece and for an unfinished last line.
    bool complete() const { return complete_; }
    /// 0, or the negative errno that ended the reading.
    long error() const { return error_; }

  private:
    int fd_;
    size_t chunk_;
    char buffer_[512];
    size_t next_ = 0;
    size_t filled_ = 0;
    char line_[kMaximum + 1];
    size_t length_ = 0;
    bool complete_ = false;
    long error_ = 0;
};
