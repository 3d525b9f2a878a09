/// @file
/// The terminal's file operations and its way in from the serial line.
#include <kernel/console/tty.h>

#include <arch/x86_64/current.h>
#include <kernel/console/console.h>
#include <kernel/console/tty_wait.h>
#include <kernel/mm/user_copy.h>
#include <kernel/task/task.h>

namespace {

/// Requests of ioctl(2), with Linux's values.
constexpr uint64_t kTCGETS = 0x5401;
constexpr uint64_t kTCSETS = 0x5402;
constexpr uint64_t kTCSETSW = 0x5403;
constexpr uint64_t kTCSETSF = 0x5404;
constexpr uint64_t kTIOCGPGRP = 0x540f;
constexpr uint64_t kTIOCSPGRP = 0x5410;
constexpr uint64_t kTIOCGWINSZ = 0x5413;
constexpr uint64_t kTIOCSWINSZ = 0x5414;

constinit Tty* console = nullptr;

void to_console(void*, std::span<const char> bytes) {
    console_write(bytes);
}

}  // namespace

Tty::Tty() : Inode(FileType::kCharDevice, 0666), discipline(to_console, nullptr) {
    set_stream();
}

bool Tty::readable() {
    LockGuard guard(lock);
    return discipline.readable();
}

Result<size_t> Tty::read(uint64_t, std::span<std::byte> out, uint32_t flags) {
    return tty_read(*this, out, flags);
}

Result<size_t> Tty::write(uint64_t, std::span<const std::byte> data, uint32_t) {
    LockGuard guard(lock);
    discipline.write({reinterpret_cast<const char*>(data.data()), data.size()});
    return data.size();
}

Result<void> Tty::ioctl(uint64_t request, UserPtr<void> argument) {
    // What can be asked for is copied first: the lock is never held while a user's memory is touched, which
    // may fault.
    Termios termios_now;
    WindowSize window_now;
    int group_now;
    {
        LockGuard guard(lock);
        termios_now = discipline.termios();
        window_now = window;
        group_now = foreground_group;
    }
    switch (request) {
        case kTCGETS:
            return copy_to_user(argument, &termios_now, sizeof termios_now);
        // Output is on its way before write() returns, so there is nothing to drain; typed input stays.
        case kTCSETS:
        case kTCSETSW:
        case kTCSETSF: {
            const Termios termios = TRY(read_user(UserPtr<const Termios>{argument.address}));
            LockGuard guard(lock);
            discipline.set_termios(termios);
            readers.wake_all();
            return {};
        }
        case kTIOCGPGRP:
            // Until somebody has claimed the terminal, each one who asks finds itself in the foreground.
            if (group_now == 0) group_now = current()->process_group;
            return copy_to_user(argument, &group_now, sizeof group_now);
        case kTIOCSPGRP: {
            const int group = TRY(read_user(UserPtr<const int>{argument.address}));
            if (group <= 0) return Errno::kEINVAL;
            LockGuard guard(lock);
            foreground_group = group;
            return {};
        }
        case kTIOCGWINSZ:
            return copy_to_user(argument, &window_now, sizeof window_now);
        case kTIOCSWINSZ: {
            const WindowSize size = TRY(read_user(UserPtr<const WindowSize>{argument.address}));
            LockGuard guard(lock);
            window = size;
            return {};
        }
        default:
            return Errno::kENOTTY;
    }
}

void Tty::input(char byte) {
    int signal = 0;
    int group = 0;
    {
        LockGuard guard(lock);
        signal = discipline.input(byte);
        group = foreground_group;
        if (discipline.readable()) readers.wake_all();
    }
    // Without a foreground group, or with a dead one, the key has nobody to signal.
    if (signal != 0 && group != 0) static_cast<void>(signal_group(group, signal));
}

// A breakpoint on it is where the hunt of chapter 3 begins, so it must not be inlined away.
[[gnu::noinline]] Result<size_t> tty_read(Tty& tty, std::span<std::byte> out, uint32_t flags) {
    for (;;) {
        const bool may_wait = (flags & kO_NONBLOCK) == 0;
        if (may_wait) TRY_VOID(tty_wait_for_input(tty));
        LockGuard guard(tty.lock);
        if (tty.discipline.readable()) return tty.discipline.read(out);
        if (!may_wait) return Errno::kEAGAIN;
    }
}

void set_console_tty(Ref<Tty> tty) {
    if (console) console->unref();
    console = tty.release();
}

void tty_input(char byte) {
    if (console) console->input(byte);
}
