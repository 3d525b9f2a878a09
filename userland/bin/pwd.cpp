/// @file
/// pwd: writes the current directory.
#include <userland/lib/error.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

int main(int, char**) {
    char path[512];
    const long length = getcwd(path, sizeof path);
    if (length < 0) return complain("pwd", "current directory", length);
    print("%s\n", path);
    return 0;
}
