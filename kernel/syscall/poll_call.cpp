/// @file
/// poll(2): waiting for any of several files.
#include <arch/x86_64/current.h>
#include <kernel/mm/user_copy.h>
#include <kernel/syscall/calls.h>
#include <kernel/task/task.h>
#include <kernel/task/timer.h>

namespace {

/// struct pollfd.
struct PollEntry {
    int32_t fd;
    int16_t events;   ///< what is asked for
    int16_t answers;  ///< what is so
};

// Bits of both, with Linux's values.
constexpr int16_t kPOLLIN = 1, kPOLLOUT = 4, kPOLLNVAL = 0x20;

int16_t look_at(const PollEntry& entry) {
    if (entry.fd < 0) return 0;
    OpenFile* file = current()->files.find(static_cast<uint32_t>(entry.fd));
    if (!file) return kPOLLNVAL;
    int answers = 0;
    if (entry.events & kPOLLIN && file->inode().readable()) answers |= kPOLLIN;
    if (entry.events & kPOLLOUT && file->inode().writable()) answers |= kPOLLOUT;
    return static_cast<int16_t>(answers);
}

/// Answers all entries; the number of those with something to say.
Result<uint64_t> look_at_all(UserPtr<PollEntry> entries, uint64_t count) {
    uint64_t ready = 0;
    for (uint64_t i = 0; i < count; i++) {
        auto entry = TRY(read_user(UserPtr<const PollEntry>{(entries + i).address}));
        entry.answers = look_at(entry);
        if (entry.answers) ready++;
        TRY_VOID(write_user(entries + i, entry));
    }
    return ready;
}

}  // namespace

/// Looks once a tick: a task can sleep in one queue only, and nobody here polls many files.
CallResult sys_poll(uint64_t address, uint64_t count, uint64_t timeout, uint64_t, uint64_t, uint64_t) {
    const UserPtr<PollEntry> entries{address};
    const auto milliseconds = static_cast<int32_t>(timeout);
    if (count > FileTable::kMaximum) return Errno::kEINVAL;
    const uint64_t start = timer_ticks();
    const uint64_t limit =
        milliseconds < 0 ? ~uint64_t{0} : static_cast<uint64_t>(milliseconds) * timer_hz() / 1000;
    for (;;) {
        const uint64_t ready = TRY(look_at_all(entries, count));
        if (ready || timer_ticks() - start >= limit) return ready;
        TRY_VOID(sleep_until(timer_ticks() + 1));
    }
}
