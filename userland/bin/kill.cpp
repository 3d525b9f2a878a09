/// @file
/// kill [-signal] pids: sends a signal (TERM unless told otherwise) by number or name; a negative pid below
/// -1 means a process group. kill -l lists the signals.
#include <userland/lib/error.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/lib/syscall.h>

namespace {

struct Name {
    const char* name;
    int number;
};

constexpr Name kNames[] = {{"HUP", 1},   {"INT", 2},   {"QUIT", 3},  {"ILL", 4},  {"TRAP", 5},
                           {"ABRT", 6},  {"BUS", 7},   {"FPE", 8},   {"KILL", 9}, {"SEGV", 11},
                           {"PIPE", 13}, {"ALRM", 14}, {"TERM", 15}, {"CHLD", 17}};

int list() {
    for (const Name& entry : kNames)
        print("%2d %-5s %s\n", entry.number, entry.name, signal_text(entry.number));
    return 0;
}

/// The signal called `text` (9, KILL or SIGKILL), or -1.
long find(const char* text) {
    long number;
    if (parse_number(text, number)) return number >= 0 && number <= 64 ? number : -1;
    if (memcmp(text, "SIG", 3) == 0) text += 3;
    for (const Name& entry : kNames)
        if (same(entry.name, text)) return entry.number;
    return -1;
}

}  // namespace

int main(int argc, char** argv) {
    int first = 1;
    long signal = SIGTERM;
    if (argc > 1 && argv[1][0] == '-' && argv[1][1]) {
        if (same(argv[1], "-l")) return list();
        const char* text = argv[1] + 1;
        if (same(argv[1], "-s")) text = argc > 2 ? argv[++first] : "";
        signal = find(text);
        if (signal < 0) {
            print_to(2, "kill: %s: unknown signal\n", text);
            return 2;
        }
        ++first;
    }
    if (first >= argc) {
        print_to(2, "usage: kill [-signal] pid ..., or kill -l\n");
        return 2;
    }
    int status = 0;
    for (int i = first; i < argc; ++i) {
        long pid;
        // 0 and -1 would mean "my group" and "everybody": never what was meant here.
        if (!parse_number(argv[i], pid) || pid == 0 || pid == -1) {
            print_to(2, "kill: %s: not a process\n", argv[i]);
            status = 1;
            continue;
        }
        const long error = kill(pid, static_cast<int>(signal));
        if (error < 0) status = complain("kill", argv[i], error);
    }
    return status;
}
