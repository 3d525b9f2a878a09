/// @file
/// sleep seconds: waits; a fraction such as 0.25 is allowed.
#include <userland/lib/error.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

bool parse_seconds(const char* text, Timespec& span) {
    const char* start = text;
    while (*text >= '0' && *text <= '9' && span.seconds < 1'000'000'000)
        span.seconds = span.seconds * 10 + (*text++ - '0');
    if (*text == '.') {
        ++text;
        for (int64_t unit = 100'000'000; *text >= '0' && *text <= '9'; unit /= 10)
            span.nanoseconds += unit * (*text++ - '0');
    }
    return !*text && text != start;
}

}  // namespace

int main(int argc, char** argv) {
    Timespec span{0, 0};
    if (argc != 2 || !parse_seconds(argv[1], span)) {
        print_to(2, "usage: sleep seconds\n");
        return 2;
    }
    const long error = nanosleep(&span);
    return error < 0 ? complain("sleep", argv[1], error) : 0;
}
