/// @file
/// What lies between the keys and a reading program: echo, line editing, end of file, and the keys that
/// signal. Knows neither the UART nor tasks, so that host tests can type at it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

/// The kernel's struct termios of Linux x86_64 as TCGETS and TCSETS copy it (36 bytes).
struct Termios {
    uint32_t c_iflag;
    uint32_t c_oflag;
    uint32_t c_cflag;
    uint32_t c_lflag;
    uint8_t c_line;
    uint8_t c_cc[19];
};
static_assert(sizeof(Termios) == 36);

// Flags with Linux's values, the ones this discipline honours.
inline constexpr uint32_t kICRNL = 0000400;
inline constexpr uint32_t kOPOST = 0000001;
inline constexpr uint32_t kONLCR = 0000004;
inline constexpr uint32_t kISIG = 0000001;
inline constexpr uint32_t kICANON = 0000002;
inline constexpr uint32_t kECHO = 0000010;

/// Line discipline of one terminal. The caller provides mutual exclusion.
class LineDiscipline {
  public:
    /// Takes the bytes to send back to the screen. Must not call the discipline.
    using Output = void (*)(void* context, std::span<const char> bytes);

    LineDiscipline(Output output, void* context);

    /// One byte from the keyboard. Returns the signal that the key raises (SIGINT for Ctrl-C, SIGQUIT for
    /// Ctrl-\) or 0. Bytes beyond the buffer's 1024 are dropped with a bell.
    int input(char byte);
    /// True when read() has something to say: a finished line, an end of file, or in raw mode any byte.
    bool readable() const;
    /// Up to out.size() bytes: in canonical mode at most one line, and 0 for Ctrl-D on an empty line.
    /// Requires readable().
    size_t read(std::span<std::byte> out);
    /// Output processing (ONLCR) on the way to the screen.
    void write(std::span<const char> bytes);

    const Termios& termios() const { return termios_; }
    /// Changes the mode; what was typed stays. Leaving canonical mode makes an unfinished line readable.
    void set_termios(const Termios& termios);

  private:
    // The implementer's; keep it simple.
    Termios termios_;
    Output output_;
    void* context_;
};
