/// @file
/// The guest's serial line: everything it prints, bounded, and what the test types.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <tests/harness/file_descriptor.h>

namespace harness {

/// One of several texts, found in serial output.
struct SerialMatch {
    size_t index = 0;  ///< which of the texts
    size_t end = 0;    ///< position just after it
};

/// Captures a serial line in a thread of its own, so that a busy test never holds the guest up. Bytes are
/// kept as they are, zeros included. Beyond the cap they are counted and dropped.
class Serial {
  public:
    Serial(FileDescriptor connection, size_t cap);
    ~Serial();
    Serial(const Serial&) = delete;
    Serial& operator=(const Serial&) = delete;

    /// Everything captured so far.
    std::string text() const;
    /// Number of captured bytes: the position of the next one.
    size_t size() const;
    /// Number of bytes that were dropped because of the cap.
    size_t dropped() const;
    /// True once QEMU has closed the line; nothing will come any more.
    bool closed() const;
    /// Number of bytes typed so far.
    size_t typed() const { return typed_; }

    /// The earliest match of one of `texts` at or after position `from`.
    std::optional<SerialMatch> find(const std::vector<std::string>& texts, size_t from) const;
    /// Waits until there are more than `known` bytes, or the line is closed or flooded; at most `limit`.
    void wait_growth(size_t known, Duration limit) const;
    /// Waits until QEMU has closed the line, at most `limit`.
    void wait_closed(Duration limit) const;
    /// Types `data`. Throws QemuGone or, when the guest takes nothing for ten seconds, InfrastructureError.
    void send(std::string_view data);

  private:
    void capture();

    FileDescriptor connection_;
    const size_t cap_;
    size_t typed_ = 0;
    mutable std::mutex lock_;
    mutable std::condition_variable grown_;
    std::string text_;     // guarded by lock_
    size_t dropped_ = 0;   // guarded by lock_
    bool closed_ = false;  // guarded by lock_
    std::thread thread_;
};

}  // namespace harness
