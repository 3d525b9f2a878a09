/// @file
/// The shell's line editor: takes keys one at a time from a terminal in raw mode and keeps the screen showing
/// the line. Knows arrows, Home, End, Delete, Ctrl-A E B F K U W L C D, and a history.
#pragma once

#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/print.h>
#include <userland/lib/string.h>
#include <userland/lib/syscall.h>

/// Edits lines on descriptors 0 and 1. One byte is taken to be one column.
class LineEditor {
  public:
    /// The longest line, in bytes with the terminating null.
    static constexpr size_t kLineSize = 512;

    enum class Outcome {
        kLine,       ///< text() holds a line
        kCancelled,  ///< Ctrl-C
        kEnd,        ///< Ctrl-D on an empty line, or the terminal is gone
    };

    /// True when descriptor 0 is a terminal. Asks anew for its mode, which later reads give back.
    bool has_terminal() { return ioctl(0, TCGETS, &cooked_) == 0; }

    /// Shows `prompt` and edits one line. The terminal is in raw mode only while this runs. Requires
    /// has_terminal() just before.
    Outcome read_line(const char* prompt);

    /// The line, null-terminated.
    const char* text() const { return line_; }

  private:
    static constexpr size_t kHistorySize = 16;
    static constexpr char control(char letter) { return static_cast<char>(letter & 0x1f); }

    enum class Step { kGoOn, kDone, kCancelled, kEnd };

    Step handle_key(char key);
    void handle_escape();
    void insert(char key);
    void erase(size_t from, size_t to);
    void move(size_t to);
    void recall(size_t age);
    void remember();
    void show();
    static bool read_key(char& key);

    Termios cooked_{};
    const char* prompt_ = nullptr;
    size_t columns_ = 0;
    char line_[kLineSize]{};
    size_t length_ = 0;
    size_t cursor_ = 0;
    char history_[kHistorySize][kLineSize]{};  ///< a ring
    size_t remembered_ = 0;                    ///< lines ever put there
    size_t age_ = 0;                           ///< how far back the line shown is; 0: the one being written
    char draft_[kLineSize]{};                  ///< the line being written, while an older one is shown
};

inline LineEditor::Outcome LineEditor::read_line(const char* prompt) {
    prompt_ = prompt;
    length_ = cursor_ = age_ = 0;
    line_[0] = '\0';
    WindowSize window{};
    columns_ = ioctl(0, TIOCGWINSZ, &window) == 0 && window.columns > 20 ? window.columns : 80;

    // Raw: each byte at once, unchanged, without echo and without signals. Output stays as it is.
    Termios raw = cooked_;
    raw.c_iflag &= ~(ICRNL | IXON);
    raw.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    ioctl(0, TCSETSW, &raw);
    write_all(1, prompt, strlen(prompt));

    Step step = Step::kGoOn;
    char key = 0;
    while (step == Step::kGoOn) step = read_key(key) ? handle_key(key) : Step::kEnd;
    move(length_);
    write_all(1, step == Step::kCancelled ? "^C\n" : "\n", step == Step::kCancelled ? 3 : 1);
    ioctl(0, TCSETSW, &cooked_);
    if (step == Step::kDone) remember();
    return step == Step::kDone        ? Outcome::kLine
           : step == Step::kCancelled ? Outcome::kCancelled
                                      : Outcome::kEnd;
}

/// One byte at a time: what is typed ahead belongs to the program that the line starts.
inline bool LineEditor::read_key(char& key) {
    long got;
    do {
        got = read(0, &key, 1);
    } while (got == -EINTR);
    return got == 1;
}

inline LineEditor::Step LineEditor::handle_key(char key) {
    switch (key) {
        case '\r':
        case '\n':
            return Step::kDone;
        case control('C'):
            return Step::kCancelled;
        case control('D'):
            if (!length_) return Step::kEnd;
            if (cursor_ < length_) erase(cursor_, cursor_ + 1);
            break;
        case 0x7f:
        case '\b':
            if (cursor_) erase(cursor_ - 1, cursor_);
            break;
        case control('A'):
            move(0);
            break;
        case control('E'):
            move(length_);
            break;
        case control('B'):
            if (cursor_) move(cursor_ - 1);
            break;
        case control('F'):
            if (cursor_ < length_) move(cursor_ + 1);
            break;
        case control('K'):
            erase(cursor_, length_);
            break;
        case control('U'):
            erase(0, cursor_);
            break;
        case control('W'): {
            size_t from = cursor_;
            while (from && line_[from - 1] == ' ') --from;
            while (from && line_[from - 1] != ' ') --from;
            erase(from, cursor_);
            break;
        }
        case control('L'):
            print("\033[H\033[J");
            show();
            break;
        case control('P'):
            recall(age_ + 1);
            break;
        case control('N'):
            if (age_) recall(age_ - 1);
            break;
        case '\033':
            handle_escape();
            break;
        default:
            if (static_cast<unsigned char>(key) >= ' ') insert(key);
    }
    return Step::kGoOn;
}

/// The keys that terminals send as sequences: ESC [ letter, ESC O letter, or ESC [ number ~.
inline void LineEditor::handle_escape() {
    char key;
    if (!read_key(key) || (key != '[' && key != 'O') || !read_key(key)) return;
    const char number = key;
    while ((key >= '0' && key <= '9') || key == ';')
        if (!read_key(key)) return;
    if (key == '~') key = number == '1' || number == '7' ? 'H' : number == '3' ? 'd' : 'F';
    switch (key) {
        case 'A':
            recall(age_ + 1);
            break;
        case 'B':
            if (age_) recall(age_ - 1);
            break;
        case 'C':
            if (cursor_ < length_) move(cursor_ + 1);
            break;
        case 'D':
            if (cursor_) move(cursor_ - 1);
            break;
        case 'H':
            move(0);
            break;
        case 'F':
            move(length_);
            break;
        case 'd':
            if (cursor_ < length_) erase(cursor_, cursor_ + 1);
            break;
    }
}

inline void LineEditor::insert(char key) {
    if (length_ + 1 == kLineSize) {
        write_all(1, "\a", 1);
        return;
    }
    memmove(line_ + cursor_ + 1, line_ + cursor_, length_ - cursor_ + 1);
    line_[cursor_++] = key;
    ++length_;
    // The common case needs no more than the character itself.
    if (cursor_ == length_ && strlen(prompt_) + length_ + 1 < columns_)
        write_all(1, &key, 1);
    else
        show();
}

inline void LineEditor::erase(size_t from, size_t to) {
    memmove(line_ + from, line_ + to, length_ - to + 1);
    length_ -= to - from;
    cursor_ = from;
    show();
}

inline void LineEditor::move(size_t to) {
    if (to == cursor_) return;
    cursor_ = to;
    show();
}

/// Shows the line entered `age` lines ago; 0 is the one being written.
inline void LineEditor::recall(size_t age) {
    const size_t oldest = remembered_ < kHistorySize ? remembered_ : kHistorySize;
    if (age > oldest) return;
    if (age_ == 0) copy_text(draft_, kLineSize, line_);
    age_ = age;
    copy_text(line_, kLineSize, age ? history_[(remembered_ - age) % kHistorySize] : draft_);
    length_ = cursor_ = strlen(line_);
    show();
}

/// Puts the line into the history, unless it is empty or the same as the last one.
inline void LineEditor::remember() {
    if (!length_) return;
    if (remembered_ && same(line_, history_[(remembered_ - 1) % kHistorySize])) return;
    copy_text(history_[remembered_++ % kHistorySize], kLineSize, line_);
}

/// Draws the whole line again: the part around the cursor when it is wider than the screen.
inline void LineEditor::show() {
    const size_t indent = strlen(prompt_);
    const size_t room = columns_ - indent - 1;
    const size_t first = cursor_ > room ? cursor_ - room : 0;
    const size_t shown = length_ - first < room ? length_ - first : room;
    print("\r%s%.*s\033[K\r\033[%uC", prompt_, static_cast<int>(shown), line_ + first,
          static_cast<unsigned>(indent + cursor_ - first));
}
