/// @file
/// cat [files]: copies files, or descriptor 0 ("-"), to descriptor 1.
#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/options.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

int copy(const char* name) {
    const long fd = open_input(name);
    if (fd < 0) return complain("cat", name, fd);
    static char buffer[4096];
    long result;
    while ((result = read(static_cast<int>(fd), buffer, sizeof buffer)) > 0) {
        const long error = write_all(1, buffer, static_cast<size_t>(result));
        if (error) exit(complain("cat", "write", error));
    }
    if (fd > 0) close(static_cast<int>(fd));
    return result < 0 ? complain("cat", name, result) : 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options(argc, argv, "");
    if (options.next()) return 2;
    if (options.operand() == argc) return copy("-");
    int status = 0;
    for (int i = options.operand(); i < argc; ++i) status |= copy(argv[i]);
    return status;
}
