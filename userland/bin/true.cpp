/// @file
/// true: succeeds.
#include <userland/lib/program.h>

int main(int, char**) {
    return 0;
}
