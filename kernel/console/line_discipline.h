/// @file
/// What lies between the keys and a reading program: echo, line editing, end of file, and the keys that
/// signal. Knows neither the UART nor tasks, so that host tests can type at it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

/// The kernel's struct termios of Linux x86_64 as TCGETS and TCSETS copy it (36 bytes).
struct Termios {
    uint32_t c_iflag;  ///< input modes: kICRNL
    uint32_t c_oflag;  ///< output modes: kOPOST, kONLCR
    uint32_t c_cflag;  ///< line speed and format: kept, without effect
    uint32_t c_lflag;  ///< local modes: kISIG, kICANON, kECHO
    uint8_t c_line;    ///< number of the line discipline: kept, without effect
    uint8_t c_cc[19];  ///< special keys, by kVINTR and so on
};
static_assert(sizeof(Termios) == 36);

// Flags with Linux's values, the ones this discipline honours.
inline constexpr uint32_t kICRNL = 0000400;   ///< input: CR becomes newline
inline constexpr uint32_t kOPOST = 0000001;   ///< output is processed at all
inline constexpr uint32_t kONLCR = 0000004;   ///< output: newline becomes CR and newline
inline constexpr uint32_t kISIG = 0000001;    ///< keys raise signals
inline constexpr uint32_t kICANON = 0000002;  ///< canonical: input comes in lines, which can be edited
inline constexpr uint32_t kECHO = 0000010;    ///< input is shown

// Indices into c_cc with Linux's values, the ones this discipline honours. A key of 0 is switched off.
inline constexpr size_t kVINTR = 0;     ///< raises SIGINT: Ctrl-C
inline constexpr size_t kVQUIT = 1;     ///< raises SIGQUIT: Ctrl-backslash
inline constexpr size_t kVERASE = 2;    ///< takes back a character: Backspace
inline constexpr size_t kVKILL = 3;     ///< takes back the line: Ctrl-U
inline constexpr size_t kVEOF = 4;      ///< end of file: Ctrl-D
inline constexpr size_t kVWERASE = 14;  ///< takes back a word: Ctrl-W

/// Line discipline of one terminal. The caller provides mutual exclusion. Allocates nothing; any context.
class LineDiscipline {
  public:
    /// Takes the bytes to send back to the screen. Must not call the discipline.
    using Output = void (*)(void* context, std::span<const char> bytes);

    /// Starts in canonical mode with echo and signals, and Linux's default keys.
    constexpr LineDiscipline(Output output, void* context) : output_(output), context_(context) {}
    LineDiscipline(const LineDiscipline&) = delete;
    LineDiscipline& operator=(const LineDiscipline&) = delete;

    /// One byte from the keyboard. Returns the signal that the key raises (SIGINT for Ctrl-C, SIGQUIT for
    /// Ctrl-\) or 0. Bytes beyond the buffer's 1024 are dropped with a bell; in canonical mode its last place
    /// is kept for the end of a line.
    int input(char byte);
    /// True when read() has something to say: a finished line, an end of file, or in raw mode any byte.
    bool readable() const { return read_ != finished_; }
    /// Up to out.size() bytes: in canonical mode at most one line, and 0 for Ctrl-D on an empty line. What
    /// does not fit is left for the next read. Requires readable().
    size_t read(std::span<std::byte> out);
    /// Output processing (ONLCR) on the way to the screen.
    void write(std::span<const char> bytes);

    /// The mode it is in.
    const Termios& termios() const { return termios_; }
    /// Changes the mode; what was typed stays. Leaving canonical mode makes an unfinished line readable;
    /// entering it keeps what was readable so. An end of file typed in canonical mode stays one.
    void set_termios(const Termios& termios);

  private:
    static constexpr uint32_t kCapacity = 1024;
    /// Stands in the buffer where Ctrl-D was typed.
    static constexpr uint16_t kEndOfFile = 0x100;

    bool has_flag(uint32_t local_flag) const { return (termios_.c_lflag & local_flag) != 0; }
    bool is_key(char byte, size_t key) const {
        return byte != 0 && static_cast<uint8_t>(byte) == termios_.c_cc[key];
    }
    bool has_unfinished() const { return written_ != finished_; }
    uint16_t& at(uint32_t position) { return buffer_[position % kCapacity]; }

    bool edit(char byte);
    bool append(uint16_t unit, uint32_t reserve);
    void erase_last();
    void erase_word();
    void echo(char byte);

    Output output_;
    void* context_;
    Termios termios_{
        .c_iflag = kICRNL,
        .c_oflag = kOPOST | kONLCR,
        .c_cflag = 0000277,  // 38400 baud, 8 bits, receiver on: what a terminal is expected to say
        .c_lflag = kISIG | kICANON | kECHO,
        .c_line = 0,
        .c_cc = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0},
    };

    // A ring. The positions count up for ever; between read_ and finished_ lies what read() may give, between
    // finished_ and written_ the unfinished line. An element is a byte or kEndOfFile.
    std::array<uint16_t, kCapacity> buffer_{};
    uint32_t read_ = 0;
    uint32_t finished_ = 0;
    uint32_t written_ = 0;
};
