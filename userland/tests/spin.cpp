/// @file
/// spin: runs for ever without a system call. Something to press Ctrl-C on; no test by itself.
#include <userland/lib/program.h>

int main(int, char**) {
    for (;;) asm volatile("pause");
}
