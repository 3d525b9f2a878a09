/// @file
/// grep [-cinv] pattern [files]: writes the lines that match. In a pattern `^` and `$` stand for the ends of
/// the line, `.` for any character, `*` for any number of the character before it, and `\` takes the meaning
/// away. -c counts, -i takes capitals as small letters, -n numbers lines, -v selects the others. The status
/// is 0 when a line was selected, 1 when none was, 2 after an error.
#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/options.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

bool count_only = false;
bool ignore_case = false;
bool number_lines = false;
bool invert = false;

char fold(char c) {
    return ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool match_here(const char* pattern, const char* text) {
    if (!*pattern) return true;
    if (pattern[0] == '$' && !pattern[1]) return !*text;
    const bool literal = pattern[0] == '\\' && pattern[1];
    const char wanted = fold(literal ? pattern[1] : pattern[0]);
    const char* rest = pattern + (literal ? 2 : 1);
    auto fits = [&](char c) { return c && ((!literal && wanted == '.') || fold(c) == wanted); };
    if (*rest != '*') return fits(*text) && match_here(rest, text + 1);
    for (;; ++text) {
        if (match_here(rest + 1, text)) return true;
        if (!fits(*text)) return false;
    }
}

bool match(const char* pattern, const char* text) {
    if (*pattern == '^') return match_here(pattern + 1, text);
    do {
        if (match_here(pattern, text)) return true;
    } while (*text++);
    return false;
}

/// Searches one file. Returns the number of lines selected, or -1 after a complaint.
long search(const char* pattern, const char* name, bool show_name) {
    const long fd = open_input(name);
    if (fd < 0) {
        complain("grep", name, fd);
        return -1;
    }
    LineReader reader(static_cast<int>(fd));
    long selected = 0;
    for (long line = 1; reader.next(); ++line) {
        if (match(pattern, reader.text()) == invert) continue;
        ++selected;
        if (count_only) continue;
        if (show_name) print("%s:", name);
        if (number_lines) print("%ld:", line);
        print("%s\n", reader.text());
    }
    if (fd > 0) close(static_cast<int>(fd));
    if (reader.error()) {
        complain("grep", name, reader.error());
        return -1;
    }
    if (count_only && show_name) print("%s:", name);
    if (count_only) print("%ld\n", selected);
    return selected;
}

}  // namespace

int main(int argc, char** argv) {
    Options options(argc, argv, "cinv");
    while (const int letter = options.next()) {
        if (letter == '?') return 2;
        (letter == 'c'   ? count_only
         : letter == 'i' ? ignore_case
         : letter == 'n' ? number_lines
                         : invert) = true;
    }
    int first = options.operand();
    if (first == argc) {
        print_to(2, "usage: grep [-cinv] pattern [file ...]\n");
        return 2;
    }
    const char* pattern = argv[first++];
    bool failed = false;
    long total = 0;
    if (first == argc) {
        const long selected = search(pattern, "-", false);
        failed = selected < 0;
        total = selected;
    }
    for (int i = first; i < argc; ++i) {
        const long selected = search(pattern, argv[i], argc - first > 1);
        if (selected < 0)
            failed = true;
        else
            total += selected;
    }
    return failed ? 2 : total > 0 ? 0 : 1;
}
