/// @file
/// Canonical and raw mode of a terminal. See termios(3) for what the flags and keys mean.

#include <kernel/console/line_discipline.h>

#include <string_view>

namespace {

// SIGINT and SIGQUIT. <kernel/task/task.h> has them too, but a host test can't have tasks.
constexpr int kInterruptSignal = 2;
constexpr int kQuitSignal = 3;

constexpr char kBackspace = '\b';
constexpr char kDelete = 0x7f;

/// Shown as ^ and a letter, two columns. Tab too: erasing one that moved to a tab stop would need the column.
constexpr bool is_control(uint16_t unit) {
    return unit < 0x20 || unit == kDelete;
}

constexpr bool is_blank(uint16_t unit) {
    return unit == ' ' || unit == '\t';
}

}  // namespace

int LineDiscipline::input(char byte) {
    if (byte == '\r' && (termios_.c_iflag & kICRNL) != 0) byte = '\n';

    if (has_flag(kISIG) && (is_key(byte, kVINTR) || is_key(byte, kVQUIT))) {
        written_ = finished_;
        echo(byte);
        echo('\n');
        return is_key(byte, kVINTR) ? kInterruptSignal : kQuitSignal;
    }

    // Outside of canonical mode each byte is a line of its own.
    const bool canonical = has_flag(kICANON);
    if (canonical && edit(byte)) return 0;
    const bool end_of_file = canonical && is_key(byte, kVEOF);
    const bool finishes = !canonical || end_of_file || byte == '\n';
    if (!append(end_of_file ? kEndOfFile : static_cast<uint8_t>(byte), finishes ? 0 : 1)) return 0;
    if (!end_of_file) echo(byte);
    if (finishes) finished_ = written_;
    return 0;
}

/// Obeys an editing key of canonical mode; false when `byte` is none.
bool LineDiscipline::edit(char byte) {
    if (is_key(byte, kVERASE) || byte == kBackspace || byte == kDelete) {
        // Keyboards send either for the same key, whatever VERASE says.
        if (has_unfinished()) erase_last();
    } else if (is_key(byte, kVKILL)) {
        while (has_unfinished()) erase_last();
    } else if (is_key(byte, kVWERASE)) {
        erase_word();
    } else {
        return false;
    }
    return true;
}

/// Adds to the unfinished line unless that would leave less than `reserve` places; then rings the bell.
bool LineDiscipline::append(uint16_t unit, uint32_t reserve) {
    if (written_ - read_ + reserve >= kCapacity) {
        write(std::string_view("\a"));
        return false;
    }
    at(written_++) = unit;
    return true;
}

/// Requires has_unfinished().
void LineDiscipline::erase_last() {
    const uint16_t unit = at(--written_);
    if (!has_flag(kECHO)) return;
    const std::string_view one_column = "\b \b";
    write(one_column);
    if (is_control(unit)) write(one_column);
}

/// Erases blanks at the end of the unfinished line, then the word in front of them.
void LineDiscipline::erase_word() {
    while (has_unfinished() && is_blank(at(written_ - 1))) erase_last();
    while (has_unfinished() && !is_blank(at(written_ - 1))) erase_last();
}

void LineDiscipline::echo(char byte) {
    if (!has_flag(kECHO)) return;
    if (byte != '\n' && is_control(static_cast<uint8_t>(byte))) {
        const char shown[2] = {'^', static_cast<char>(byte ^ 0x40)};
        write(shown);
    } else {
        write({&byte, 1});
    }
}

size_t LineDiscipline::read(std::span<std::byte> out) {
    size_t count = 0;
    while (count < out.size() && readable()) {
        const uint16_t unit = at(read_++);
        if (unit == kEndOfFile) return count;
        out[count++] = static_cast<std::byte>(unit);
        if (unit == '\n' && has_flag(kICANON)) return count;
    }
    // An end of file behind a full buffer ended this text; kept, it would end the next read with nothing.
    if (count > 0 && readable() && at(read_) == kEndOfFile) ++read_;
    return count;
}

void LineDiscipline::write(std::span<const char> bytes) {
    const bool expand = (termios_.c_oflag & kOPOST) != 0 && (termios_.c_oflag & kONLCR) != 0;
    size_t start = 0;
    for (size_t i = 0; expand && i < bytes.size(); ++i) {
        if (bytes[i] != '\n') continue;
        if (i > start) output_(context_, bytes.subspan(start, i - start));
        output_(context_, std::string_view("\r\n"));
        start = i + 1;
    }
    if (start < bytes.size()) output_(context_, bytes.subspan(start));
}

void LineDiscipline::set_termios(const Termios& termios) {
    const bool was_canonical = has_flag(kICANON);
    termios_ = termios;
    if (was_canonical && !has_flag(kICANON)) finished_ = written_;
}
