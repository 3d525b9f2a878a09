/// @file
/// The shell's variables. All of them are handed to the programs it starts.
#pragma once

#include <userland/lib/print.h>
#include <userland/lib/string.h>

/// A table of NAME=value strings in the form that execve() takes.
class Variables {
  public:
    /// Takes over what fits of an environment.
    void import(char** environment) {
        for (; *environment; ++environment) {
            const size_t name = name_length(*environment);
            if (name && (*environment)[name] == '=') set(*environment, name, *environment + name + 1);
        }
    }

    /// The value of a variable, or null.
    const char* get(const char* name, size_t length) const {
        const size_t at = find(name, length);
        return at < count_ ? text_[at] + length + 1 : nullptr;
    }

    /// Gives a variable a value. False when there is no room.
    bool set(const char* name, size_t length, const char* value) {
        if (length + 1 + strlen(value) + 1 > kSize) return false;
        const size_t at = find(name, length);
        if (at == kMaximum) return false;
        memcpy(text_[at], name, length);
        text_[at][length] = '=';
        copy_text(text_[at] + length + 1, kSize - length - 1, value);
        if (at == count_) ++count_;
        return true;
    }

    /// Removes a variable, if there is one.
    void unset(const char* name) {
        const size_t at = find(name, strlen(name));
        if (at < count_) memcpy(text_[at], text_[--count_], kSize);
    }

    /// The environment for a program. Valid until the next change.
    char* const* environment() {
        for (size_t i = 0; i < count_; ++i) pointers_[i] = text_[i];
        pointers_[count_] = nullptr;
        return pointers_;
    }

    /// The number of characters at the start of `text` that make a name; 0 when it starts with none.
    static size_t name_length(const char* text) {
        size_t length = 0;
        for (;; ++length) {
            const char c = text[length];
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
            if (!letter && (length == 0 || c < '0' || c > '9')) return length;
        }
    }

  private:
    static constexpr size_t kMaximum = 32;
    static constexpr size_t kSize = 256;  ///< of NAME=value with its terminating null

    /// The index of a variable, or count_ when there is none.
    size_t find(const char* name, size_t length) const {
        size_t at = 0;
        while (at < count_ && (memcmp(text_[at], name, length) != 0 || text_[at][length] != '=')) ++at;
        return at;
    }

    char text_[kMaximum][kSize]{};
    char* pointers_[kMaximum + 1]{};
    size_t count_ = 0;
};
