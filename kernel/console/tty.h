/// @file
/// The terminal on the console: the line discipline as a file, between the serial line and the programs.
#pragma once

#include <kernel/console/line_discipline.h>
#include <kernel/fs/vfs.h>
#include <kernel/sync/spinlock.h>
#include <kernel/task/wait_queue.h>

/// Size of the window, as TIOCGWINSZ copies it.
struct WindowSize {
    uint16_t rows = 24;     ///< lines of text
    uint16_t columns = 80;  ///< characters in a line
    uint16_t x_pixels = 0;  ///< width in pixels, 0: not known
    uint16_t y_pixels = 0;  ///< height in pixels, 0: not known
};
static_assert(sizeof(WindowSize) == 8);

/// A terminal. Its state is open to the few functions that make it up, tty_read() and tty_wait_for_input()
/// among them, which a debugger and the course need under names of their own.
class Tty final : public Inode {
  public:
    Tty();

    bool readable() override;
    Result<size_t> read(uint64_t offset, std::span<std::byte> out, uint32_t flags) override;
    Result<size_t> write(uint64_t offset, std::span<const std::byte> data, uint32_t flags) override;
    /// TCGETS, TCSETS(W,F), TIOCGPGRP, TIOCSPGRP, TIOCGWINSZ, TIOCSWINSZ; ENOTTY for others.
    Result<void> ioctl(uint64_t request, UserPtr<void> argument) override;

    /// One byte from the keyboard: to the discipline, then to whoever waits for it, or as a signal to the
    /// foreground group. IF=0, no lock held.
    void input(char byte);

    SpinLock lock{"tty", LockRank::kTty};        ///< guards what follows
    LineDiscipline discipline GUARDED_BY(lock);  ///< what was typed and how it is treated
    WaitQueue readers GUARDED_BY(lock);          ///< wait for the discipline to become readable
    int foreground_group GUARDED_BY(lock) =
        0;                               ///< process group that the keys signal; 0 until somebody sets it
    WindowSize window GUARDED_BY(lock);  ///< as programs were told, or told us
};

/// Reads from `tty` as read(2) does: waits for input, returns at most a line. EAGAIN with kO_NONBLOCK in
/// `flags` when there is none, EINTR when a signal comes. Task context, no lock held.
Result<size_t> tty_read(Tty& tty, std::span<std::byte> out, uint32_t flags);

/// Makes `tty`, which may be none, the terminal that tty_input() feeds. Boot, and host tests.
void set_console_tty(Ref<Tty> tty);
/// One byte from the serial line for the console's terminal; dropped while there is none. Called by the
/// serial interrupt handler, IF=0.
void tty_input(char byte);
