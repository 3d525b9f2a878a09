/// @file
/// What the shell makes of a word: quotes and backslashes taken away, `$NAME`, `${NAME}`, `$?`, `$$`, `$#`
/// and
/// `$0` to `$9` replaced, `*` and `?` in the last part of a path matched against the directory. The value of
/// a variable is never split into words; a word with any quote or backslash is not matched against names.
#pragma once

#include <userland/lib/print.h>
#include <userland/lib/string.h>
#include <userland/lib/syscall.h>
#include <userland/sh/syntax.h>
#include <userland/sh/variables.h>

/// What words may refer to.
struct ShellState {
    Variables variables;
    int status = 0;           ///< $?
    long pid = 0;             ///< $$
    int parameter_count = 0;  ///< one more than $#
    char** parameters = nullptr;
};

/// Expanded words, as execve() takes them.
class WordList {
  public:
    static constexpr size_t kMaximum = 128;

    size_t count() const { return count_; }
    char** words() { return words_; }

    /// Expands one word and adds what comes of it. False when there is no room.
    bool add(const Token& token, const ShellState& state);

  private:
    bool put(char c);
    bool put_text(const char* text);
    bool put_variable(const char*& p, const char* end, const ShellState& state);
    bool finish();
    bool add_matches(const char* pattern, bool& found);

    char pool_[8192];
    size_t used_ = 0;
    size_t word_start_ = 0;
    char* words_[kMaximum + 1] = {};
    size_t count_ = 0;
};

/// True when `name` fits `pattern`, in which `*` stands for any characters and `?` for one.
inline bool fits_pattern(const char* pattern, const char* name) {
    for (; *pattern; ++pattern, ++name) {
        if (*pattern == '*') {
            do {
                if (fits_pattern(pattern + 1, name)) return true;
            } while (*name++);
            return false;
        }
        if (!*name || (*pattern != '?' && *pattern != *name)) return false;
    }
    return !*name;
}

inline bool WordList::put(char c) {
    if (used_ == sizeof pool_) return false;
    pool_[used_++] = c;
    return true;
}

inline bool WordList::put_text(const char* text) {
    while (*text)
        if (!put(*text++)) return false;
    return true;
}

/// Ends the word in the making.
inline bool WordList::finish() {
    if (count_ == kMaximum || !put('\0')) return false;
    words_[count_++] = pool_ + word_start_;
    words_[count_] = nullptr;
    word_start_ = used_;
    return true;
}

/// `p` stands behind a dollar sign and is moved behind what belongs to it.
inline bool WordList::put_variable(const char*& p, const char* end, const ShellState& state) {
    char number[24];
    if (p < end && (*p == '?' || *p == '$' || *p == '#')) {
        const long value = *p == '?' ? state.status : *p == '$' ? state.pid : state.parameter_count - 1;
        ++p;
        format_text(number, sizeof number, "%ld", value);
        return put_text(number);
    }
    if (p < end && *p >= '0' && *p <= '9') {
        const int index = *p++ - '0';
        return index >= state.parameter_count || put_text(state.parameters[index]);
    }
    const bool braces = p < end && *p == '{';
    const char* name = p + (braces ? 1 : 0);
    const size_t length = Variables::name_length(name);
    if (!length || (braces && name[length] != '}')) return put('$');
    p = name + length + (braces ? 1 : 0);
    const char* value = state.variables.get(name, length);
    return !value || put_text(value);
}

inline bool WordList::add(const Token& token, const ShellState& state) {
    word_start_ = used_;
    bool quoted = false;
    char quote = 0;
    const char* const end = token.text + token.length;
    for (const char* p = token.text; p < end;) {
        const char c = *p++;
        if (c == quote && quote) {
            quote = 0;
        } else if (!quote && (c == '\'' || c == '"')) {
            quote = c;
            quoted = true;
        } else if (c == '$' && quote != '\'') {
            if (!put_variable(p, end, state)) return false;
        } else if (c == '\\' && p < end && (!quote || (quote == '"' && strchr("\"\\$", *p)))) {
            quoted = true;
            if (!put(*p++)) return false;
        } else if (!put(c)) {
            return false;
        }
    }
    if (used_ == word_start_ && !quoted) return true;  // an empty variable is no word
    if (!put('\0')) return false;
    if (!quoted && (strchr(pool_ + word_start_, '*') || strchr(pool_ + word_start_, '?'))) {
        bool found = false;
        const char* pattern = pool_ + word_start_;
        word_start_ = used_;
        if (!add_matches(pattern, found)) return false;
        if (found) return true;
        word_start_ = static_cast<size_t>(pattern - pool_);  // no name fits: the word stands for itself
    }
    --used_;
    return finish();
}

/// Adds a word for each name that fits, in the order of the alphabet.
inline bool WordList::add_matches(const char* pattern, bool& found) {
    size_t directory_length = 0;
    for (size_t i = 0; pattern[i]; ++i)
        if (pattern[i] == '/') directory_length = i + 1;
    char directory[256] = ".";
    if (directory_length >= sizeof directory) return true;
    if (directory_length) {
        memcpy(directory, pattern, directory_length);
        directory[directory_length] = '\0';
    }
    const char* const name_pattern = pattern + directory_length;
    const long fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return true;

    const size_t first = count_;
    alignas(DirectoryEntry) char buffer[1024] = {};
    bool room = true;
    long got;
    while (room && (got = getdents(static_cast<int>(fd), buffer, sizeof buffer)) > 0) {
        for (long offset = 0; room && offset < got;) {
            auto* entry = reinterpret_cast<DirectoryEntry*>(buffer + offset);
            offset += entry->length;
            if (entry->name[0] == '.' && name_pattern[0] != '.') continue;
            if (!fits_pattern(name_pattern, entry->name)) continue;
            for (size_t i = 0; room && i < directory_length; ++i) room = put(pattern[i]);
            room = room && put_text(entry->name) && finish();
            if (!room) break;
            for (size_t at = count_ - 1; at > first && strcmp(words_[at - 1], words_[at]) > 0; --at) {
                char* const later = words_[at - 1];
                words_[at - 1] = words_[at];
                words_[at] = later;
            }
        }
    }
    close(static_cast<int>(fd));
    found = count_ > first;
    return room;
}
