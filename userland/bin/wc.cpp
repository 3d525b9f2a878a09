/// @file
/// wc [-lwc] [files]: counts lines, words and bytes; without options all three.
#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/options.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

struct Counts {
    unsigned long lines = 0;
    unsigned long words = 0;
    unsigned long bytes = 0;
};

bool show_lines = false;
bool show_words = false;
bool show_bytes = false;

/// Counts one file. False (after a complaint) when it can't be read.
bool count(const char* name, Counts& counts) {
    const long fd = open_input(name);
    if (fd < 0) return !complain("wc", name, fd);
    static char buffer[4096];
    bool in_word = false;
    long got;
    while ((got = read(static_cast<int>(fd), buffer, sizeof buffer)) > 0) {
        counts.bytes += static_cast<unsigned long>(got);
        for (long i = 0; i < got; ++i) {
            const char c = buffer[i];
            const bool blank = c == ' ' || (c >= '\t' && c <= '\r');
            if (c == '\n') ++counts.lines;
            if (!blank && !in_word) ++counts.words;
            in_word = !blank;
        }
    }
    if (fd > 0) close(static_cast<int>(fd));
    return got == 0 || !complain("wc", name, got);
}

void show(const Counts& counts, const char* name) {
    const bool alone = show_lines + show_words + show_bytes == 1 && !name;
    const int width = alone ? 0 : 7;
    if (show_lines) print("%*lu", width, counts.lines);
    if (show_words) print("%*lu", show_lines ? width + 1 : width, counts.words);
    if (show_bytes) print("%*lu", show_lines || show_words ? width + 1 : width, counts.bytes);
    print("%s%s\n", name ? " " : "", name ? name : "");
}

}  // namespace

int main(int argc, char** argv) {
    Options options(argc, argv, "lwc");
    while (const int letter = options.next()) {
        if (letter == '?') return 2;
        (letter == 'l' ? show_lines : letter == 'w' ? show_words : show_bytes) = true;
    }
    if (!show_lines && !show_words && !show_bytes) show_lines = show_words = show_bytes = true;

    Counts total;
    if (options.operand() == argc) {
        if (!count("-", total)) return 1;
        show(total, nullptr);
        return 0;
    }
    int status = 0;
    for (int i = options.operand(); i < argc; ++i) {
        Counts counts;
        if (!count(argv[i], counts)) {
            status = 1;
            continue;
        }
        show(counts, argv[i]);
        total.lines += counts.lines;
        total.words += counts.words;
        total.bytes += counts.bytes;
    }
    if (argc - options.operand() > 1) show(total, "total");
    return status;
}
