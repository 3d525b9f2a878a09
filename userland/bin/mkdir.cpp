/// @file
/// mkdir [-p] directories: makes directories; -p makes missing parents too and accepts what is there already.
#include <userland/lib/error.h>
#include <userland/lib/options.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

/// Makes every directory along the way. Changes `path` only while it works.
long make_with_parents(char* path) {
    for (char* p = path + 1; *p; ++p) {
        if (*p != '/') continue;
        *p = '\0';
        const long error = mkdir(path, 0777);
        *p = '/';
        if (error < 0 && error != -EEXIST) return error;
    }
    const long error = mkdir(path, 0777);
    Stat info{};
    if (error == -EEXIST && stat(path, &info) == 0 && (info.mode & S_IFMT) == S_IFDIR) return 0;
    return error;
}

}  // namespace

int main(int argc, char** argv) {
    bool parents = false;
    Options options(argc, argv, "p");
    while (const int letter = options.next()) {
        if (letter == '?') return 2;
        parents = true;
    }
    if (options.operand() == argc) {
        print_to(2, "usage: mkdir [-p] directory ...\n");
        return 2;
    }
    int status = 0;
    for (int i = options.operand(); i < argc; ++i) {
        const long error = parents && *argv[i] ? make_with_parents(argv[i]) : mkdir(argv[i], 0777);
        if (error < 0) status = complain("mkdir", argv[i], error);
    }
    return status;
}
