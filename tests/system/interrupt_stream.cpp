/// @file
/// Reads QEMU's log from a named pipe. The format is that of IntLog; here the processors' entries may be cut
/// into one another, so only what QEMU prints in one piece is relied on: the start of an entry, and the line
/// of the task register in the dump that follows.
#include <tests/system/interrupt_stream.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include <tests/harness/error.h>
#include <tests/harness/file_descriptor.h>

namespace {

constexpr size_t kMostSuspects = 20;
/// An entry's start is no longer than this.
constexpr size_t kLongest = 160;

}  // namespace

InterruptStream::InterruptStream(std::function<bool(unsigned, uint64_t)> expected)
    : pipe_(folder_ / "interrupts"), expected_(std::move(expected)) {
    if (mkfifo(pipe_.c_str(), 0600) != 0)
        throw harness::InfrastructureError("no named pipe can be made at " + pipe_.string());
    thread_ = std::thread([this] { follow(); });
}

InterruptStream::~InterruptStream() {
    stop_ = true;
    thread_.join();
}

void InterruptStream::use_for(harness::MachineOptions& options) const {
    options.int_log = false;
    options.extra.insert(options.extra.end(), {"-d", "int", "-D", pipe_.string()});
}

std::map<unsigned, uint64_t> InterruptStream::deliveries() const {
    std::lock_guard guard(mutex_);
    return deliveries_;
}

std::map<uint64_t, uint64_t> InterruptStream::deliveries_by_tss() const {
    std::lock_guard guard(mutex_);
    return deliveries_by_tss_;
}

std::vector<std::string> InterruptStream::suspects() const {
    std::lock_guard guard(mutex_);
    return suspects_;
}

void InterruptStream::follow() {
    // Open for writing as well, so that it neither waits for QEMU nor ends with it.
    const harness::FileDescriptor pipe(open(pipe_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    std::string text;
    while (!stop_) {
        char buffer[1 << 16];
        const ssize_t got = read(pipe.get(), buffer, sizeof buffer);
        if (got <= 0) {
            harness::wait_readable(pipe, harness::Duration(50));
            continue;
        }
        text.append(buffer, static_cast<size_t>(got));
        // What may be the first part of something stays for the next time.
        if (text.size() <= kLongest) continue;
        const size_t complete = text.rfind('\n');
        if (complete == std::string::npos || complete < kLongest) continue;
        take(text.substr(0, complete + 1));
        text.erase(0, complete + 1);
    }
}

void InterruptStream::take(const std::string& text) {
    std::lock_guard guard(mutex_);
    for (size_t at = text.find(": v="); at != std::string::npos; at = text.find(": v=", at + 1)) {
        unsigned vector = 0, error = 0, is_int = 0, cpl = 0, cs = 0;
        unsigned long rip = 0;
        if (std::sscanf(text.c_str() + at, ": v=%x e=%x i=%u cpl=%u IP=%x:%lx", &vector, &error, &is_int,
                        &cpl, &cs, &rip) != 6)
            continue;
        ++deliveries_[vector];
        if (vector < 32 && cpl == 0 && suspects_.size() < kMostSuspects && !expected_(vector, rip))
            suspects_.push_back(text.substr(at + 2, kLongest));
    }
    for (size_t at = text.find("TR ="); at != std::string::npos; at = text.find("TR =", at + 1)) {
        unsigned selector = 0;
        unsigned long base = 0;
        if (std::sscanf(text.c_str() + at, "TR =%x %lx", &selector, &base) == 2) ++deliveries_by_tss_[base];
    }
}
