/// @file
/// head [-n lines] [files]: writes the first lines of files, 10 unless told otherwise.
#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/options.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/lib/syscall.h>

namespace {

int show(const char* name, long lines) {
    const long fd = open_input(name);
    if (fd < 0) return complain("head", name, fd);
    LineReader reader(static_cast<int>(fd));
    while (lines > 0 && reader.next()) {
        write_all(1, reader.text(), reader.length());
        if (!reader.complete()) continue;
        write_all(1, "\n", 1);
        --lines;
    }
    if (fd > 0) close(static_cast<int>(fd));
    return reader.error() ? complain("head", name, reader.error()) : 0;
}

}  // namespace

int main(int argc, char** argv) {
    long lines = 10;
    Options options(argc, argv, "n:");
    while (const int letter = options.next()) {
        if (letter == '?') return 2;
        if (!parse_number(options.value(), lines) || lines < 0) {
            print_to(2, "head: %s: not a number of lines\n", options.value());
            return 2;
        }
    }
    if (options.operand() == argc) return show("-", lines);
    int status = 0;
    for (int i = options.operand(); i < argc; ++i) {
        if (argc - options.operand() > 1) print("%s==> %s <==\n", i > options.operand() ? "\n" : "", argv[i]);
        status |= show(argv[i], lines);
    }
    return status;
}
