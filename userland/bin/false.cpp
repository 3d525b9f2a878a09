/// @file
/// false: fails.
#include <userland/lib/program.h>

int main(int, char**) {
    return 1;
}
