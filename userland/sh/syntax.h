/// @file
/// The shell's grammar, first half: takes a line apart into words and operators. Words stay as they were
/// typed, quotes included; they are expanded (expand.h) when their command is about to run.
#pragma once

#include <cstddef>

enum class TokenKind {
    kWord,
    kRedirect,    ///< [fd]< [fd]> [fd]>> [fd]>&; the next word is the target
    kPipe,        ///< |
    kAnd,         ///< &&
    kOr,          ///< ||
    kSequence,    ///< ;
    kBackground,  ///< &
    kEnd,         ///< always the last token
};

enum class RedirectMode { kRead, kWrite, kAppend, kDuplicate };

struct Token {
    TokenKind kind = TokenKind::kEnd;
    const char* text = nullptr;  ///< of a word: points into the line
    size_t length = 0;
    RedirectMode mode = RedirectMode::kRead;
    int fd = 0;  ///< of a redirection: the descriptor it changes
};

/// A line's tokens.
struct TokenList {
    static constexpr size_t kMaximum = 128;
    Token tokens[kMaximum];
    size_t count = 0;
};

/// Takes `line` apart. Returns null, or what is wrong with the line.
inline const char* tokenize(const char* line, TokenList& out) {
    out.count = 0;
    const char* p = line;
    for (;;) {
        while (*p == ' ' || *p == '\t') ++p;
        if (out.count == TokenList::kMaximum) return "too many words";
        Token& token = out.tokens[out.count++];
        token = Token{};
        if (!*p || *p == '#') return nullptr;

        if (*p == ';') {
            token.kind = TokenKind::kSequence;
            ++p;
            continue;
        }
        if (*p == '|' || *p == '&') {
            const bool twice = p[1] == p[0];
            token.kind = *p == '|' ? (twice ? TokenKind::kOr : TokenKind::kPipe)
                                   : (twice ? TokenKind::kAnd : TokenKind::kBackground);
            p += twice ? 2 : 1;
            continue;
        }
        const bool numbered = *p >= '0' && *p <= '9' && (p[1] == '<' || p[1] == '>');
        if (numbered || *p == '<' || *p == '>') {
            const int number = numbered ? *p++ - '0' : -1;
            const bool input = *p++ == '<';
            token.kind = TokenKind::kRedirect;
            token.mode = input ? RedirectMode::kRead : RedirectMode::kWrite;
            token.fd = number >= 0 ? number : input ? 0 : 1;
            if (!input && *p == '>')
                token.mode = RedirectMode::kAppend, ++p;
            else if (*p == '&')
                token.mode = RedirectMode::kDuplicate, ++p;
            continue;
        }

        token.kind = TokenKind::kWord;
        token.text = p;
        char quote = 0;
        for (; *p; ++p) {
            if (quote) {
                if (*p == '\\' && quote == '"' && p[1])
                    ++p;
                else if (*p == quote)
                    quote = 0;
                continue;
            }
            if (*p == '\'' || *p == '"')
                quote = *p;
            else if (*p == '\\' && p[1])
                ++p;
            else if (*p == ' ' || *p == '\t' || *p == ';' || *p == '|' || *p == '&' || *p == '<' || *p == '>')
                break;
        }
        if (quote) return "a quotation mark is missing";
        token.length = static_cast<size_t>(p - token.text);
    }
}
