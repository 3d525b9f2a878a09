/// @file
/// touch files: makes files that do not exist, empty. (Trapline's files carry no times to renew.)
#include <userland/lib/error.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

int main(int argc, char** argv) {
    if (argc < 2) {
        print_to(2, "usage: touch file ...\n");
        return 2;
    }
    int status = 0;
    for (int i = 1; i < argc; ++i) {
        const long fd = open(argv[i], O_WRONLY | O_CREAT, 0666);
        if (fd < 0)
            status = complain("touch", argv[i], fd);
        else
            close(static_cast<int>(fd));
    }
    return status;
}
