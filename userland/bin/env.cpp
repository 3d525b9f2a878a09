/// @file
/// env: writes the environment, one NAME=value a line.
#include <userland/lib/print.h>
#include <userland/lib/program.h>

int main(int argc, char** argv) {
    if (argc > 1) {
        print_to(2, "env: %s: takes no arguments\n", argv[1]);
        return 2;
    }
    for (char** variable = environ; *variable; ++variable) print("%s\n", *variable);
    return 0;
}
