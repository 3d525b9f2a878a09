/// @file
/// echo [-n] [words]: writes its arguments, with -n without a newline at the end.
#include <userland/lib/io.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>

int main(int argc, char** argv) {
    int first = 1;
    const bool newline = argc < 2 || !same(argv[1], "-n");
    if (!newline) ++first;
    for (int i = first; i < argc; ++i) print("%s%s", i > first ? " " : "", argv[i]);
    if (newline) print("\n");
    return 0;
}
