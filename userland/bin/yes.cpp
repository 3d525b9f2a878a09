/// @file
/// yes [words]: writes them, or "y", line after line until nobody reads any more.
#include <userland/lib/io.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>

int main(int argc, char** argv) {
    char line[256];
    size_t length = 0;
    for (int i = 1; i < argc && length < sizeof line; ++i)
        length += format_text(line + length, sizeof line - length, "%s%s", i > 1 ? " " : "", argv[i]);
    if (argc < 2) line[length++] = 'y';
    if (length > sizeof line - 1) length = sizeof line - 1;
    line[length++] = '\n';
    while (write_all(1, line, length) == 0) {
    }
    return 1;
}
