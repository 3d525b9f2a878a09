/// @file
/// QEMU's record of exceptions and interrupts, read while it is written: for runs whose log would fill a
/// disk, and for machines with several processors, whose entries get mixed up in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <tests/harness/options.h>
#include <tests/harness/temp_folder.h>

/// Counts what goes by and keeps what is suspicious. Outlives the machine that writes to it.
class InterruptStream {
  public:
    /// `expected(vector, address)` says whether an exception at this address in ring 0 is part of ordinary
    /// life. Called from another thread.
    explicit InterruptStream(std::function<bool(unsigned vector, uint64_t address)> expected);
    ~InterruptStream();
    InterruptStream(const InterruptStream&) = delete;
    InterruptStream& operator=(const InterruptStream&) = delete;

    /// Makes the machine to be write here, in place of a log of its own.
    void use_for(harness::MachineOptions& options) const;

    /// Exceptions and interrupts so far, by vector.
    std::map<unsigned, uint64_t> deliveries() const;
    /// The same by processor, whose task register's base tells them apart.
    std::map<uint64_t, uint64_t> deliveries_by_tss() const;
    /// The first exceptions in ring 0 that were not expected, one line each.
    std::vector<std::string> suspects() const;

  private:
    void follow();
    void take(const std::string& text);

    harness::TempFolder folder_;
    std::filesystem::path pipe_;
    std::function<bool(unsigned, uint64_t)> expected_;
    mutable std::mutex mutex_;  ///< guards the three below
    std::map<unsigned, uint64_t> deliveries_;
    std::map<uint64_t, uint64_t> deliveries_by_tss_;
    std::vector<std::string> suspects_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};
