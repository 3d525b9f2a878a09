/// @file
/// rm [-df] files: removes files; -d empty directories too, -f is silent about what does not exist.
#include <userland/lib/error.h>
#include <userland/lib/options.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

int main(int argc, char** argv) {
    bool directories = false;
    bool force = false;
    Options options(argc, argv, "df");
    while (const int letter = options.next()) {
        if (letter == '?') return 2;
        (letter == 'd' ? directories : force) = true;
    }
    if (options.operand() == argc && !force) {
        print_to(2, "usage: rm [-df] file ...\n");
        return 2;
    }
    int status = 0;
    for (int i = options.operand(); i < argc; ++i) {
        long error = unlink(argv[i]);
        if (error == -EISDIR && directories) error = rmdir(argv[i]);
        if (error < 0 && !(force && error == -ENOENT)) status = complain("rm", argv[i], error);
    }
    return status;
}
