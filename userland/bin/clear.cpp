/// @file
/// clear: empties the screen (the VT100 sequences "cursor home" and "erase below").
#include <userland/lib/print.h>
#include <userland/lib/program.h>

int main(int, char**) {
    print("\033[H\033[J");
    return 0;
}
